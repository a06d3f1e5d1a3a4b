using System.Diagnostics;
using OfflinePatch.Core.Hosting;
using OfflinePatch.Testing;

namespace OfflinePatch.Core.Tests.Hosting;

/// <summary>The files of the host: what is opened, what is refused by name, and what becomes of the host's errors.</summary>
[Trait("tier", "unit")]
public sealed class HostStorageTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [SkippableTheory]
    [InlineData("pipe")]
    [InlineData("device")]
    [InlineData("directory")]
    [InlineData("socket")]
    public void Only_files_are_opened_and_nothing_is_waited_for(string kind)
    {
        Skip.If(OperatingSystem.IsWindows(), "pipes and devices have no path in a folder");
        var path = kind switch
        {
            "device" => "/dev/zero",
            "directory" => _scratch.Path,
            _ => _scratch[kind],
        };
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream,
            System.Net.Sockets.ProtocolType.Unspecified);
        if (kind == "pipe")
        {
            Oracle.Run("mkfifo", path).MustSucceed();
        }
        else if (kind == "socket")
        {
            socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(path));
        }

        foreach (var open in (Func<string, IHostHandle>[])[HostStorage.Instance.OpenRead, HostStorage.Instance.OpenExclusive,
            p => HostStorage.Instance.OpenPlain(p, exclusive: false)])
        {
            var error = Task.Run(() => Assert.Throws<HostIOException>(() => open(path)));
            Assert.True(error.Wait(TimeSpan.FromSeconds(20)), "the open waits");
            Assert.Equal("CORE-0011", error.Result.Code);
            Assert.Contains(kind, error.Result.Message, StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public void A_name_that_another_file_gives_is_not_followed_through_a_link()
    {
        Skip.If(OperatingSystem.IsWindows(), "making links needs a privilege");
        File.WriteAllText(_scratch["victim"], "precious");
        File.CreateSymbolicLink(_scratch["part"], _scratch["victim"]);
        foreach (var exclusive in (bool[])[false, true])
        {
            Assert.Equal("CORE-0033",
                Assert.Throws<RefusedException>(() => HostStorage.Instance.OpenPlain(_scratch["part"], exclusive)).Code);
        }

        HostStorage.Instance.OpenRead(_scratch["part"]).Dispose(); // a path of the user's is followed
        using var image = Disposable(ImageTransaction.Open(WriteFile("image"), new TransactionOptions { Writable = true }));
        Assert.Equal("CORE-0033",
            Assert.Throws<RefusedException>(() => image.OpenCompanion(_scratch["image"], "part", CompanionKind.Extent)).Code);
        Assert.Equal("CORE-0033", Assert.Throws<RefusedException>(() => HostFileDevice.OpenBeside(_scratch["image"], "part")).Code);
    }

    [SkippableFact]
    public void A_new_file_takes_the_place_of_a_link_and_leaves_alone_what_it_leads_to()
    {
        Skip.If(OperatingSystem.IsWindows(), "making links needs a privilege");
        File.WriteAllText(_scratch["victim"], "precious");
        File.CreateSymbolicLink(_scratch["new"], _scratch["victim"]);
        File.CreateSymbolicLink(_scratch["dangling"], _scratch["nowhere"]);
        foreach (var name in (string[])["new", "dangling"])
        {
            using (var file = HostStorage.Instance.Create(_scratch[name], isPrivate: true))
            {
                file.Write(0, "new"u8);
            }

            Assert.Null(new FileInfo(_scratch[name]).LinkTarget);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, FileModes.Get(_scratch[name]));
        }

        Assert.Equal("precious", File.ReadAllText(_scratch["victim"]));
        Assert.False(File.Exists(_scratch["nowhere"]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3 << 20)]
    [InlineData(long.MaxValue)]
    public void What_passes_the_cache_by_is_what_is_read_again(long cachedMost)
    {
        var content = new byte[8 << 20];
        new Random(1).NextBytes(content);
        using (var output = new OutputFile(_scratch["large"], overwrite: false) { CachedMost = cachedMost })
        {
            output.SetLength(content.Length + 5);
            for (var at = 0; at < content.Length; at += 1 << 20)
            {
                output.Write(at, content.AsSpan(at, 1 << 20));
                output.Write(at + 100, content.AsSpan(at + 100, 7)); // a small one, through the cache, into what was written
            }

            output.Complete();
        }

        Assert.Equal([.. content, 0, 0, 0, 0, 0], File.ReadAllBytes(_scratch["large"]));
    }

    [SkippableFact]
    public void An_output_is_never_written_through_a_link_and_nobody_may_read_it_who_may_not_read_the_image()
    {
        Skip.If(OperatingSystem.IsWindows(), "links and modes");
        File.WriteAllText(_scratch["victim"], "precious");
        File.CreateSymbolicLink(_scratch["out.offlinepatch-part"], _scratch["victim"]);
        File.CreateSymbolicLink(_scratch["out"], _scratch["victim"]);
        FileModes.Set(WriteFile("image"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Equal("CORE-0040", Assert.Throws<RefusedException>(() => new OutputFile(_scratch["out"], overwrite: false)).Code);
        using (var output = new OutputFile(_scratch["out"], overwrite: true, OutputAccess.Of(_scratch["image"])))
        {
            output.Write(0, "new"u8);
            output.Complete();
        }

        Assert.Equal("precious", File.ReadAllText(_scratch["victim"]));
        Assert.Equal("new", File.ReadAllText(_scratch["out"]));
        Assert.Null(new FileInfo(_scratch["out"]).LinkTarget);
        Assert.Equal((UnixFileMode)0, FileModes.Get(_scratch["out"]) & (UnixFileMode)0b000_010_111);
        Assert.Equal(["image", "out", "out.offlinepatch-part", "victim"],
            Directory.GetFiles(_scratch.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [SkippableFact]
    public void What_a_killed_run_left_of_an_output_goes_with_the_next_one_and_nothing_else_does()
    {
        Skip.If(OperatingSystem.IsWindows(), "links and locks");
        string Temporary(string name, char digit) => _scratch[$"{name}.{new string(digit, 32)}.offlinepatch-part"];
        File.WriteAllText(Temporary("out", '1'), "left");
        File.WriteAllText(Temporary("other", '2'), "of another output");
        File.WriteAllText(Temporary("out", 'g'), "not hexadecimal");
        File.WriteAllText(Temporary("out", '3'), "two names");
        File.WriteAllText(_scratch["victim"], "precious");
        Oracle.Run("ln", Temporary("out", '3'), _scratch["second"]).MustSucceed();
        File.CreateSymbolicLink(Temporary("out", '4'), _scratch["victim"]);
        using var writer = new FileStream(Temporary("out", '5'), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        using (var output = new OutputFile(_scratch["out"], overwrite: true))
        {
            output.Write(0, "new"u8);
            output.Complete();
        }

        Assert.Equal(
            new[] { "out", "second", "victim", Temporary("other", '2'), Temporary("out", '3'), Temporary("out", '4'), Temporary("out", '5'),
                Temporary("out", 'g') }.Select(Path.GetFileName).Order(StringComparer.Ordinal),
            Directory.GetFiles(_scratch.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("precious", File.ReadAllText(_scratch["victim"]));
    }

    [Fact]
    public void A_path_that_cannot_be_written_is_known_before_the_work()
    {
        Assert.Equal("CORE-0034", Assert.Throws<HostIOException>(() =>
            OutputFile.CheckWritable(Path.Combine(_scratch.Path, "no", "folder", "r.html"), overwrite: true)).Code);
        Assert.Equal("CORE-0011", Assert.Throws<HostIOException>(() => OutputFile.CheckWritable(_scratch.Path, overwrite: true)).Code);
        OutputFile.CheckWritable(_scratch["fine"], overwrite: false);
        Assert.Empty(Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    public void Every_error_of_the_host_is_known_as_one()
    {
        Exception[] ofHost =
        [
            new IOException("ENOSPC"), new UnauthorizedAccessException("EPERM, EACCES, EBADF"), new ArgumentOutOfRangeException("EFBIG"),
            new OperationCanceledException("ECANCELED"), new PathTooLongException("ENAMETOOLONG"), new NotSupportedException("ESPIPE"),
        ];
        Assert.All(ofHost, e => Assert.True(HostErrors.IsOfHost(e)));
        Assert.False(HostErrors.IsOfHost(ImageFileError.Missing("x")));
        Assert.Equal("No space left on device.", HostErrors.Reason(new IOException("No space left on device : '/images/disk.raw'")));
    }

    [SkippableFact]
    public void A_running_QEMU_is_seen_by_its_locks_and_kept_out_by_ours()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "locks of open file descriptions are Linux's");
        Oracle.Require("qemu-nbd");
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        var image = WriteFile("disk.raw", 1024 * 1024);
        using (var running = StartQemu(image))
        {
            using var look = File.OpenHandle(image, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            // also where no lease may be had: for another owner's file
            Assert.True(Eventually(() => OperatingSystem.IsLinux() && QemuLocks.ForbidWriting(look)));
            Assert.Equal("CORE-0014", Assert.Throws<RefusedException>(() => HostStorage.Instance.OpenExclusive(image)).Code);
            running.Kill();
            running.WaitForExit();
            Assert.False(QemuLocks.ForbidWriting(look));
        }

        using var ours = HostStorage.Instance.OpenExclusive(image);
        var late = Oracle.Run("qemu-nbd", "-k", _scratch["late"], "-f", "raw", image);
        Assert.NotEqual(0, late.ExitCode);
        Assert.Contains("lock", late.Error, StringComparison.Ordinal);
        ours.CheckNoOtherWriter();
    }

    [SkippableFact]
    public void A_process_that_another_thread_starts_keeps_no_file_locked_that_is_closed()
    {
        Skip.If(OperatingSystem.IsWindows(), "a process that starts inherits no files there");
        var path = WriteFile("image");
        using var end = new CancellationTokenSource();
        var starter = Task.Run(() =>
        {
            for (var i = 0; i < 250; i++)
            {
                using var process = Process.Start(new ProcessStartInfo("/bin/true"));
                process!.WaitForExit();
            }

            end.Cancel();
        });
        while (!end.IsCancellationRequested && !starter.IsFaulted)
        {
            HostStorage.Instance.OpenExclusive(path).Dispose();
            _ = File.ReadAllBytes(path); // takes the lock of a reader, without waiting
            HostStorage.Instance.OpenRead(path).Dispose();
        }

        Assert.True(starter.Wait(TimeSpan.FromSeconds(60)));
    }

    [SkippableFact]
    public void A_writer_that_came_after_the_open_is_seen_before_the_first_write()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "leases are Linux's");
        var image = WriteFile("disk.raw", 4096);
        using var ours = HostStorage.Instance.OpenExclusive(image);
        ours.CheckNoOtherWriter();
        using (var reader = StartShell($"exec 3<'{image}'"))
        {
            ours.CheckNoOtherWriter(); // a backup that reads is no writer
            End(reader);
        }

        using (var writer = StartShell($"exec 3<>'{image}'"))
        {
            Assert.Equal("CORE-0014", Assert.Throws<RefusedException>(ours.CheckNoOtherWriter).Code);
            End(writer);
        }

        ours.CheckNoOtherWriter();
    }

    private static ImageTransaction Disposable(ImageTransaction transaction) => transaction;

    private string WriteFile(string name, int length = 512)
    {
        File.WriteAllBytes(_scratch[name], new byte[length]);
        return _scratch[name];
    }

    private Process StartQemu(string image)
    {
        var process = Process.Start(new ProcessStartInfo(Oracle.Locate("qemu-nbd")!,
            ["-t", "-k", _scratch["socket"], "-f", "raw", image])
        { UseShellExecute = false })!;
        Eventually(() => File.Exists(_scratch["socket"]) || process.HasExited);
        return process;
    }

    private static bool Eventually(Func<bool> condition)
    {
        for (var i = 0; i < 1200 && !condition(); i++)
        {
            Thread.Sleep(25);
        }

        return condition();
    }

    private static Process StartShell(string command)
    {
        var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"{command}; echo open; read wait"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        Assert.Equal("open", process.StandardOutput.ReadLine());
        return process;
    }

    private static void End(Process process)
    {
        process.StandardInput.Close();
        process.WaitForExit();
    }

    [Fact]
    public void Runs_that_begin_at_once_get_one_secret_and_it_is_never_seen_half_made()
    {
        for (var round = 0; round < 20; round++)
        {
            var folder = _scratch[$"state{round}"];
            var secrets = new byte[]?[8];
            Parallel.For(0, secrets.Length, new ParallelOptions { MaxDegreeOfParallelism = secrets.Length }, i =>
            {
                var state = new HostState(folder);
                var seen = state.ReadSecret();
                secrets[i] = state.EnsureSecret();
                Assert.True(seen is null || seen.AsSpan().SequenceEqual(secrets[i]));
            });
            Assert.All(secrets, s => Assert.Equal(secrets[0], s));
            Assert.Equal(32, secrets[0]!.Length);
            Assert.Equal([Path.Combine(folder, "undo-secret")], Directory.GetFiles(folder));
        }
    }

    [SkippableFact]
    public void A_secret_that_others_may_read_is_not_used()
    {
        Skip.If(OperatingSystem.IsWindows(), "needs permission bits");
        var folder = _scratch["state"];
        Assert.NotNull(new HostState(folder).EnsureSecret());
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path.Combine(folder, "undo-secret"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        }

        Assert.Null(new HostState(folder).ReadSecret());
        Assert.Null(new HostState(folder).EnsureSecret());
    }

    [SkippableFact]
    public void An_output_has_no_name_until_it_is_complete()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "needs O_TMPFILE");
        var path = _scratch["out.bin"];
        using (var output = new OutputFile(path, overwrite: false))
        {
            output.Write(0, "new"u8);
            Assert.Empty(Directory.GetFiles(_scratch.Path));
            output.Complete();
        }

        Assert.Equal("new", File.ReadAllText(path));
        using (var output = new OutputFile(path, overwrite: true))
        {
            output.Write(0, "newer"u8);
            Assert.Equal("new", File.ReadAllText(path));
            output.Complete();
        }

        Assert.Equal("newer", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    public void A_file_that_appears_while_an_output_is_written_is_not_replaced()
    {
        var path = _scratch["out.bin"];
        using (var output = new OutputFile(path, overwrite: false))
        {
            output.Write(0, "new"u8);
            File.WriteAllText(path, "theirs");
            if (OperatingSystem.IsLinux())
            {
                Assert.Equal("CORE-0040", Assert.Throws<RefusedException>(output.Complete).Code);
            }
        }

        Assert.Equal("theirs", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_scratch.Path));
    }

    [SkippableFact]
    public void A_write_at_an_offset_never_lands_at_the_current_position()
    {
        Skip.If(OperatingSystem.IsWindows(), "needs ESPIPE");
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.Out);
        using var handle = new Microsoft.Win32.SafeHandles.SafeFileHandle(pipe.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        Assert.Throws<IOException>(() => HostTransfer.Write(handle, "image"u8, 4096)); // RandomAccess.Write succeeds here
        Assert.Throws<IOException>(() => HostTransfer.Read(handle, new byte[16], 4096));
    }
}
