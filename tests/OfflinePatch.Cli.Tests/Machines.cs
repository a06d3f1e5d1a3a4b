using System.Collections.Concurrent;
using OfflinePatch.Fixtures;
using OfflinePatch.Fixtures.Agents;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests;

/// <summary>Sample machines and sources, built once for all tests and copied for each.</summary>
public sealed class Machines : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly ConcurrentDictionary<string, Lazy<string>> _images = new();
    private readonly Lazy<string> _drivers;
    private readonly Lazy<string> _agent;
    private readonly Lazy<string> _agentX86;

    public Machines()
    {
        _drivers = new Lazy<string>(() =>
        {
            SampleDriverDisc.Write(_scratch["drivers"], SampleDriverDisc.Virtio());
            return _scratch["drivers"];
        });
        _agent = new Lazy<string>(() =>
        {
            SampleCloudbaseInit.Write(_scratch["agent.zip"]);
            return _scratch["agent.zip"];
        });
        _agentX86 = new Lazy<string>(() =>
        {
            SampleCloudbaseInit.Write(_scratch["agent-x86.zip"], 20, is64Bit: false);
            return _scratch["agent-x86.zip"];
        });
    }

    public string Drivers => _drivers.Value;

    public string Agent => _agent.Value;

    public string AgentFor(string generation) => Generation.Get(generation).Is64Bit ? Agent : _agentX86.Value;

    public void Dispose() => _scratch.Dispose();

    /// <summary>A raw image of a sample machine; not to be changed.</summary>
    public string Raw(string generation, MachineFirmware firmware, params Defect[] defects)
    {
        var name = $"{generation}-{firmware}-{string.Join('-', defects)}.raw";
        return _images.GetOrAdd(name, n => new Lazy<string>(() =>
        {
            var spec = new MachineSpec
            {
                Generation = Generation.Get(generation),
                Firmware = firmware,
                Formatter = Volumes.HasMkntfs ? VolumeMaker.Mkntfs : VolumeMaker.Stored,
                Defects = new HashSet<Defect>(defects),
                Corpus = Corpus.Root,
            };
            MachineImage.Write(_scratch[n], spec);
            return _scratch[n];
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
}

[CollectionDefinition("machines")]
public sealed class MachinesCollection : ICollectionFixture<Machines>;
