using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Windows.CloudbaseInit;

/// <summary>A value of a service key.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="Bytes">Its content as the registry holds it.</param>
public sealed record ServiceValue(string Name, RegistryValueType Type, byte[] Bytes);
