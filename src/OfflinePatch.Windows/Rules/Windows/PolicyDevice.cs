using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary>Whether an id of a policy is one of a device of the target.</summary>
internal enum PolicyFit
{
    /// <summary>It is not.</summary>
    No,

    /// <summary>It may be: it is more specific than what is known of the device (another vendor's subsystem, a slot).</summary>
    Maybe,

    /// <summary>It is.</summary>
    Yes,
}

/// <summary>A device that Windows is to install on the target, as a device installation policy sees it.</summary>
/// <param name="Title">What it is, with its article.</param>
/// <param name="ClassGuid">Its setup class.</param>
/// <param name="Id">An id that it has.</param>
/// <param name="Pci">What is known of it on PCI; null for a device of another bus.</param>
/// <param name="IsNeeded">Whether the target demands its driver.</param>
internal sealed record PolicyDevice(string Title, Guid ClassGuid, string Id, PciDevice? Pci, bool IsNeeded)
{
    private const string Bus = @"PCI\";

    /// <summary>Red Hat as vendor of the subsystem, as QEMU has it unless a cloud sets its own.</summary>
    private const string OwnSubsystem = "1AF4";

    /// <summary>A device by an id without subsystem and revision.</summary>
    /// <param name="title">What it is, with its article.</param>
    /// <param name="classGuid">Its setup class.</param>
    /// <param name="id">The id.</param>
    /// <param name="classCode">Base class, subclass and interface where it is on PCI: six digits.</param>
    /// <param name="isNeeded">Whether the target demands its driver.</param>
    public static PolicyDevice Of(string title, Guid classGuid, string id, string classCode, bool isNeeded) =>
        new(title, classGuid, id, PciDevice.TryParse($"{id}&CC_{classCode}"), isNeeded);

    /// <summary>Whether an id is one of the hardware ids and compatible ids of the device; policies compare whole ids.</summary>
    public PolicyFit FitOf(string listed)
    {
        if (Pci is not { } device)
        {
            return listed.Equals(Id, StringComparison.OrdinalIgnoreCase) ? PolicyFit.Yes
                : listed.StartsWith(Id + "&", StringComparison.OrdinalIgnoreCase) ? PolicyFit.Maybe
                : PolicyFit.No;
        }

        if (!listed.StartsWith(Bus, StringComparison.OrdinalIgnoreCase) || device.Match(listed.AsSpan(Bus.Length)) == 0)
        {
            return PolicyFit.No;
        }

        var parts = listed[Bus.Length..].Split('&');
        return parts.FirstOrDefault(p => p.StartsWith("SUBSYS_", StringComparison.OrdinalIgnoreCase)) is { } subsystem
            && !subsystem.EndsWith(OwnSubsystem, StringComparison.OrdinalIgnoreCase)
                ? PolicyFit.Maybe
                : PolicyFit.Yes;
    }

    /// <summary>Whether an instance id may be that of the device: its slot on the target is not known.</summary>
    public PolicyFit FitOfInstance(string instance) =>
        instance.LastIndexOf('\\') is > 0 and var end && FitOf(instance[..end]) != PolicyFit.No ? PolicyFit.Maybe : PolicyFit.No;
}
