namespace OfflinePatch.Windows.GuestTools;

/// <summary>What becomes of another hypervisor's tools.</summary>
public enum ToolsLevel
{
    /// <summary>
    /// Their services are disabled and their start entries deleted; everything else stays, so that they can be used again.
    /// </summary>
    Silence,

    /// <summary>Everything that they installed is deleted.</summary>
    Remove,
}
