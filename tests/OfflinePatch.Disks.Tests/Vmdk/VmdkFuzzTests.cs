using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Disks.Vmdk;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Vmdk;

/// <summary>Damaged VMDKs end in an answer or a typed error.</summary>
[Trait("tier", "fuzz")]
public sealed class VmdkFuzzTests
{
    private static readonly byte[] Grain = Enumerable.Range(0, 4096).Select(i => (byte)(i % 251)).ToArray();

    [Fact]
    public void Every_bit_of_a_sparse_header_descriptor_and_tables()
    {
        var file = Bytes(SmallSparse());
        Mutation.FlipEveryBit(file, 0, 1100);
        Mutation.FlipEveryBit(file, 21 * 512, 100);
        Mutation.FlipEveryBit(file, 26 * 512, 100);
    }

    [Fact]
    public void Every_truncation()
    {
        Mutation.TruncateEverywhere(Bytes(SmallSparse()), 1200);
        Mutation.TruncateEverywhere(Bytes(Stream()), 600);
        Mutation.TruncateEverywhere(Bytes(VmdkBuilder.Cowd(800, 8, new Dictionary<int, byte[]> { [3] = Grain })), 64);
    }

    [Fact]
    public void Every_bit_of_a_streams_header_markers_and_footer()
    {
        var file = Bytes(Stream());
        Mutation.FlipEveryBit(file, 0, 90);
        Mutation.FlipEveryBit(file, 65536, 100);
        Mutation.FlipEveryBit(file, file.Length - 1536, 100);
        Mutation.FlipEveryBit(file, file.Length - 1024, 100);
        Mutation.FlipEveryBit(file, file.Length - 512, 16);
    }

    [Theory]
    [InlineData("sparse")]
    [InlineData("stream")]
    [InlineData("cowd")]
    [InlineData("sesparse")]
    public void Mutated_containers(string kind) => Fuzz(kind, 1, 1500);

    [Theory]
    [Trait("speed", "slow")]
    [InlineData("sparse")]
    [InlineData("stream")]
    [InlineData("cowd")]
    [InlineData("sesparse")]
    public void Many_mutated_containers(string kind) => Fuzz(kind, 1_000_003, 100_000);

    private static void Fuzz(string kind, int seed, int cases)
    {
        switch (kind)
        {
            case "sparse":
                Mutation.Fuzz(Bytes(SmallSparse()), seed, cases, [(0, 96), (512, 400), (21 * 512, 5 * 512), (26 * 512, 5 * 512)]);
                break;
            case "stream":
                var stream = Bytes(Stream());
                Mutation.Fuzz(stream, seed, cases,
                    [(0, 96), (512, 400), (65536, 2000), (stream.Length - 8192, 8192), (stream.Length - 1536, 1536)]);
                break;
            case "cowd":
                Mutation.Fuzz(Bytes(VmdkBuilder.Cowd(800, 8, new Dictionary<int, byte[]> { [3] = Grain })), seed, cases,
                    [(0, 32), (2048, 16), (2560, 500)]);
                break;
            default:
                var file = Bytes(VmdkBuilder.SeSparse(800, new Dictionary<int,
                    ulong>
                { [1] = 0x1000_0000_0000_0000, [5] = 0x3001_0000_0000_0000 }, new byte[8192]));
                Mutation.Fuzz(file, seed, cases, [(0, 256), (512, 32), (1024, 16), (2048, 128)], InDescriptor);
                break;
        }
    }

    private static MemoryImageFiles InDescriptor(MemoryDevice device)
    {
        var files = new MemoryImageFiles(new MemoryDevice(Encoding.UTF8.GetBytes(VmdkBuilder.Descriptor("seSparse",
            "RW 800 SESPARSE \"d\""))), "disk.vmdk");
        files.Companions["d"] = device;
        return files;
    }

    private static MemoryDevice SmallSparse() =>
        VmdkBuilder.Sparse(400, 8, new Dictionary<int, byte[]> { [1] = Grain, [3] = Grain, [25] = Grain }, flags: 7);

    private static MemoryDevice Stream()
    {
        var grain = new byte[65536];
        Grain.CopyTo(grain, 0);
        return VmdkBuilder.Stream(1000, new Dictionary<int, byte[]> { [0] = grain, [3] = grain });
    }

    private static byte[] Bytes(MemoryDevice device)
    {
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }
}
