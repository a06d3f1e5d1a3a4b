using System.Runtime.InteropServices;

namespace OfflinePatch.Ntfs.Tests.Compression;

/// <summary>wimlib's compressors, where the library is installed: an independent writer of XPRESS and LZX chunks.</summary>
internal sealed class LibWim : IDisposable
{
    private const string Name = "libwim.so.15";
    private readonly IntPtr _compressor;

    static LibWim()
    {
        NativeLibrary.SetDllImportResolver(typeof(LibWim).Assembly, (name, assembly, path) =>
            name == Name && Environment.GetEnvironmentVariable("OFFLINEPATCH_LIBWIM") is { Length: > 0 } configured
                ? NativeLibrary.Load(configured)
                : IntPtr.Zero);
    }

    private LibWim(IntPtr compressor) => _compressor = compressor;

    public static LibWim Require(bool lzx, int chunkSize, int level)
    {
        try
        {
            var result = Create(lzx ? 2 : 1, (nuint)chunkSize, (uint)level, out var compressor);
            Skip.If(result != 0, $"wimlib refused: {result}");
            return new LibWim(compressor);
        }
        catch (DllNotFoundException)
        {
            Skip.If(true, "libwim.so.15 is not installed (or set OFFLINEPATCH_LIBWIM)");
            throw;
        }
    }

    /// <summary>The compressed bytes, or null when they would not be shorter.</summary>
    public byte[]? Run(byte[] plain)
    {
        var output = new byte[plain.Length];
        var length = (int)Compress(plain, (nuint)plain.Length, output, (nuint)plain.Length - 1, _compressor);
        return length == 0 ? null : output[..length];
    }

    public void Dispose() => Free(_compressor);

    [DllImport(Name, EntryPoint = "wimlib_create_compressor")]
    private static extern int Create(int type, nuint chunkSize, uint level, out IntPtr compressor);

    [DllImport(Name, EntryPoint = "wimlib_compress")]
    private static extern nuint Compress(byte[] plain, nuint length, byte[] output, nuint room, IntPtr compressor);

    [DllImport(Name, EntryPoint = "wimlib_free_compressor")]
    private static extern void Free(IntPtr compressor);
}
