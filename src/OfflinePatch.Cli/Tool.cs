using System.Reflection;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli;

/// <summary>The program and its version, for reports.</summary>
internal static class Tool
{
    public static ToolIdentity Identity { get; } = new(
        "offlinepatch",
        typeof(Tool).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0");
}
