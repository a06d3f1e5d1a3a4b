namespace OfflinePatch.Windows.FirstStart;

/// <summary>What runs the scripts of the first start.</summary>
internal enum FirstStartChannel
{
    /// <summary>A local script of Cloudbase-Init: runs as LocalSystem once the agent has found its metadata.</summary>
    Agent,

    /// <summary><c>SetupComplete.cmd</c>: runs as LocalSystem at the end of the setup of a generalised image.</summary>
    SetupComplete,

    /// <summary>
    /// A startup script of the local group policy: runs as LocalSystem while the machine starts, before anybody logs on, and without a
    /// network.
    /// </summary>
    StartupScript,
}
