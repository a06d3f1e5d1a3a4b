#pragma warning disable CS1591, CA1822, CA1801, IDE0060
namespace OfflinePatch.Registry;

public enum RegistryValueType : uint
{
    None = 0, String = 1, ExpandString = 2, Binary = 3, Dword = 4, DwordBigEndian = 5, Link = 6, MultiString = 7,
    ResourceList = 8, FullResourceDescriptor = 9, ResourceRequirementsList = 10, Qword = 11,
}

public readonly record struct HiveLogs(ReadOnlyMemory<byte> Log, ReadOnlyMemory<byte> Log1, ReadOnlyMemory<byte> Log2);

public sealed class HiveOpenOptions;

public sealed record HiveFinding;

public sealed class Hive
{
    public static Hive Open(ReadOnlyMemory<byte> primary, HiveLogs logs = default, HiveOpenOptions? options = null) => throw new NotSupportedException();

    public bool IsModified => false;

    public HiveKey Root => throw new NotSupportedException();

    public HiveKey? Find(string path) => throw new NotSupportedException();

    public HiveKey Create(string path) => throw new NotSupportedException();

    public byte[] ToArray() => throw new NotSupportedException();

    public HiveLogs NeutralisedLogs() => throw new NotSupportedException();

    public IReadOnlyList<HiveFinding> Check() => throw new NotSupportedException();
}

public sealed class HiveKey
{
    public string Name => "";

    public string Path => "";

    public IEnumerable<HiveKey> SubKeys => [];

    public HiveKey? Find(string relativePath) => throw new NotSupportedException();

    public HiveKey CreateSubKey(string relativePath) => throw new NotSupportedException();

    public bool DeleteSubKeyTree(string name) => throw new NotSupportedException();

    public IEnumerable<HiveValue> Values => [];

    public HiveValue? FindValue(string name) => throw new NotSupportedException();

    public void SetValue(string name, RegistryValueType type, ReadOnlySpan<byte> data) => throw new NotSupportedException();

    public bool DeleteValue(string name) => throw new NotSupportedException();
}

public sealed class HiveValue
{
    public string Name => "";

    public RegistryValueType Type => default;

    public int Length => 0;

    public byte[] ReadData() => throw new NotSupportedException();
}
