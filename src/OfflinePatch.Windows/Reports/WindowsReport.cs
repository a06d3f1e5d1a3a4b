using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Reports;

/// <summary>The Windows installation in an image.</summary>
/// <param name="ProductName">For example <c>Windows Server 2019 Datacenter</c>; Windows 11 is called that, although its registry says
/// 10.</param>
/// <param name="Edition"><c>ServerDatacenter</c>, <c>Professional</c>…</param>
/// <param name="Version">Major and minor version with the release name: <c>10.0 (1709)</c>.</param>
/// <param name="Build">Build number.</param>
/// <param name="Arch"><c>x64</c>, <c>x86</c> or <c>arm64</c>.</param>
/// <param name="InstallationType"><c>Client</c>, <c>Server</c>, <c>Server Core</c>…</param>
/// <param name="ControlSet">The current control set: <c>ControlSet001</c>.</param>
/// <param name="SystemRoot">The Windows directory as Windows calls it: <c>C:\Windows</c>.</param>
/// <param name="ComputerName">The name of the machine.</param>
/// <param name="Partition">The number of its partition.</param>
public sealed record WindowsReport(
    string? ProductName, string? Edition, string? Version, int? Build, string? Arch, string? InstallationType, string? ControlSet,
    string? SystemRoot, string? ComputerName = null, int? Partition = null);
