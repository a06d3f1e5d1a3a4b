using System.Security.Cryptography;
using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Drivers;
using OfflinePatch.Windows.FirstStart;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules.Agent;

namespace OfflinePatch.Windows.Jobs;

/// <summary>
/// An image that is going to be started from disposable overlays: what a virtual machine must be told, and the overlay itself, in which a
/// script reports when Windows runs. The image is only read, and is locked against <c>fix</c> while this is open.
/// </summary>
public sealed class WitnessSource : IDisposable
{
    private readonly ImageTransaction _transaction;
    private readonly EditOptions _options;
    private OverlayStorage _storage = new();
    private ImageSession _session;

    private WitnessSource(ImageTransaction transaction, EditOptions options, bool addsScript)
    {
        _transaction = transaction;
        _options = options;
        _session = OpenSession();
        try
        {
            Require();
            if (addsScript && !TryAddScript())
            {
                Close(); // half a script must not stay
                _storage = new OverlayStorage();
                _session = OpenSession();
            }
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <summary>The path of the file, links followed.</summary>
    public string ImagePath => HostPaths.Resolve(_transaction.ImagePath);

    /// <summary>The container: <c>raw</c>, <c>vmdk</c>…</summary>
    public string Format => DiskFormats.Of(Disk.Format).Name;

    /// <summary>The name that QEMU has for the container.</summary>
    public string QemuFormat => DiskFormats.Of(Disk.Format).QemuName!;

    /// <summary>Whether the image has parents or backing files.</summary>
    public bool HasParents => _transaction.HasParents;

    /// <summary>Bytes of a logical sector of the disk.</summary>
    public int SectorSize => Disk.SectorSize;

    /// <summary>
    /// Whether the machine is started by UEFI: its boot files say so, or, where nothing on the disk boots, its partition table is a GPT.
    /// </summary>
    public bool IsUefi => Machine.Boot.Firmware == Firmware.Uefi
        || (Machine.Boot.Firmware == Firmware.Unknown && Machine.Partitions.Scheme == PartitionScheme.Gpt);

    /// <summary>The processor that the Windows in the image is for; x64 where there is none that can be read.</summary>
    public ProcessorArchitecture Architecture => Machine.FoundWindows?.Facts.Architecture ?? ProcessorArchitecture.Amd64;

    /// <summary>The Windows in the image, or null where none can be read.</summary>
    public WindowsReport? Windows => Machine.FoundWindows is { } windows ? SessionSummary.Describe(windows) : null;

    /// <summary>What the script writes on the first serial port; null where there is no script.</summary>
    public string? Sign { get; private set; }

    /// <summary>How the script is run, or why there is none.</summary>
    public string ScriptNote { get; private set; } = "left out (--no-script)";

    /// <summary>Opens an image.</summary>
    /// <param name="path">The image.</param>
    /// <param name="options">How it is opened.</param>
    /// <param name="addsScript">Whether the overlays get the script. Where it cannot be added, <see cref="ScriptNote"/> says why.</param>
    /// <exception cref="CorruptImageException">The container or its partition table is damaged.</exception>
    /// <exception cref="UnsupportedImageException"><c>JOB-0016</c>: QEMU does not read the container; or this program does not.</exception>
    /// <exception cref="RefusedException"><c>CORE-0014</c>: another program writes the image; <c>JOB-0017</c>: a change of it was
    /// interrupted; or an option is required.</exception>
    /// <exception cref="HostIOException">The host failed.</exception>
    public static WitnessSource Open(string path, EditOptions options, bool addsScript)
    {
        var transaction = options.OpenTransaction(path, writable: false);
        try
        {
            return new WitnessSource(transaction, options, addsScript);
        }
        catch
        {
            transaction.Dispose();
            throw;
        }
    }

    /// <summary>Writes a new overlay: a QCOW2 image of what the script changed, to be opened with the image as its backing file.</summary>
    /// <param name="path">The new file.</param>
    /// <exception cref="HostIOException">The host failed.</exception>
    public void WriteOverlay(string path)
    {
        using var output = new OutputFile(path, overwrite: false, isDurable: false);
        using var writer = DiskFormats.Of(ImageFormat.Qcow2)
            .CreateWriter(output, Disk.Length, new DiskWriterOptions(SectorSize: Disk.SectorSize))!;
        Disk.WriteChanges(writer);
        output.Complete();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        _transaction.Dispose();
    }

    private GuestMachine Machine => _session.Machine;

    private OverlayDisk Disk => (OverlayDisk)Machine.Disk;

    private ImageSession OpenSession()
    {
        var disk = DiskFormats.Open(_transaction);
        try
        {
            return ImageSession.Open(_transaction, new OverlayDisk(disk, _storage), _options.Session);
        }
        catch
        {
            disk.Dispose();
            _storage.Dispose();
            throw;
        }
    }

    private void Close()
    {
        _session.Dispose();
        _storage.Dispose();
    }

    private void Require()
    {
        foreach (var file in _transaction.HostPaths)
        {
            HostPaths.RequireNoWriter(file);
        }

        if (_transaction.ShowsOldBytes)
        {
            throw JobError.InterruptedImage(_transaction.ImagePath);
        }

        if (Disk.IsPackaged || DiskFormats.Of(Disk.Format).QemuName is null
            || (HasParents && Disk.Format is not (ImageFormat.Qcow2 or ImageFormat.Qcow or ImageFormat.Qed)))
        {
            throw JobError.NotForQemu(_transaction.ImagePath, Format);
        }
    }

    /// <summary>
    /// Queues the script. A startup script of the policy runs without a network, which the machine does not have; local scripts of
    /// Cloudbase-Init wait for metadata from it.
    /// </summary>
    private bool TryAddScript()
    {
        try
        {
            if (Machine.FoundWindows is not { } windows)
            {
                ScriptNote = "none: no Windows that can be read was found";
                return false;
            }

            var queue = new FirstStartQueue(windows, SetupPhase.IsAhead(windows), needsNetwork: false);
            if (queue.Problem is { } problem)
            {
                ScriptNote = $"none: {problem}";
                return false;
            }

            var nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
            queue.Add(WitnessScript.Name, WitnessScript.Create(nonce));
            queue.Register();
            foreach (var volume in Machine.ChangedVolumes())
            {
                ImageEdit.RequireSafe(volume);
            }

            _session.WriteBack();
            Sign = $"{WitnessScript.Word} {nonce}";
            ScriptNote = queue.ChannelText;
            return true;
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException or RefusedException)
        {
            ScriptNote = $"none: {e.Message}";
            return false;
        }
    }
}
