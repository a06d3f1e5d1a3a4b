using System.Collections.Concurrent;
using OfflinePatch.Cli.Tests.Witness;
using OfflinePatch.Fixtures;
using OfflinePatch.Fixtures.Agents;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests;

/// <summary>
/// Sample machines and sources, built once in the process and copied for each test. A fixture of each class, and not of one collection of
/// classes: the classes run in parallel.
/// </summary>
public sealed class Machines
{
    private static readonly ScratchFolder Scratch = ForTheProcess();
    private static readonly ConcurrentDictionary<string, Lazy<string>> Images = new();

    private static readonly Lazy<string> DriverDisc = new(() =>
    {
        SampleDriverDisc.Write(Scratch["drivers"], SampleDriverDisc.Virtio());
        return Scratch["drivers"];
    });

    private static readonly Lazy<string> AgentX64 = new(() =>
    {
        SampleCloudbaseInit.Write(Scratch["agent.zip"]);
        return Scratch["agent.zip"];
    });

    private static readonly Lazy<string> AgentX86 = new(() =>
    {
        SampleCloudbaseInit.Write(Scratch["agent-x86.zip"], 20, is64Bit: false);
        return Scratch["agent-x86.zip"];
    });

    public string Drivers => DriverDisc.Value;

    public string Agent => AgentX64.Value;

    public string AgentFor(string generation) => Generation.Get(generation).Is64Bit ? Agent : AgentX86.Value;

    /// <summary>A raw image of a sample machine; not to be changed.</summary>
    public string Raw(string generation, MachineFirmware firmware, params Defect[] defects)
    {
        var name = $"{generation}-{firmware}-{string.Join('-', defects)}.raw";
        return Images.GetOrAdd(name, n => new Lazy<string>(() =>
        {
            var spec = new MachineSpec
            {
                Generation = Generation.Get(generation),
                Firmware = firmware,
                Formatter = Volumes.HasMkntfs ? VolumeMaker.Mkntfs : VolumeMaker.Stored,
                Defects = new HashSet<Defect>(defects),
                Corpus = Corpus.Root,
            };
            MachineImage.Write(Scratch[n], spec);
            return Scratch[n];
        })).Value;
    }

    /// <summary>A copy of a sample machine in a test's own folder, in a format that qemu-img writes.</summary>
    public string Copy(ScratchFolder target, string raw, string format = "raw", string? subformat = null)
    {
        var path = target[$"disk.{format}"];
        if (format == "raw")
        {
            Oracle.Run("cp", "--sparse=always", raw, path).MustSucceed();
            return path;
        }

        Oracle.Require("qemu-img");
        string[] options = subformat is null ? [] : ["-o", $"subformat={subformat}"];
        Oracle.Run("qemu-img", ["convert", "-f", "raw", "-O", format, .. options, raw, path]).MustSucceed();
        return path;
    }

    private static ScratchFolder ForTheProcess()
    {
        var scratch = new ScratchFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => scratch.Dispose();
        return scratch;
    }
}
