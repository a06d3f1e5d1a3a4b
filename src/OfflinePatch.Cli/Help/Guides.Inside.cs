namespace OfflinePatch.Cli.Help;

/// <summary>The guides of the commands for files and registry inside an image.</summary>
internal static partial class Guides
{
    private static ExitMeaning Shown => new(ExitCode.Done, "shown");
    private static ExitMeaning Changed => new(ExitCode.Done, "done, or there was nothing to change");
    private static ExitMeaning[] Reading => [Shown, Usage, Unreadable, Refused, HostFailure];
    private static ExitMeaning[] Writing => [Changed, Usage, Unreadable, Refused, HostFailure, ResultLost, Cancelled];

    private static Dictionary<string, CommandGuide> OfFiles() => new(StringComparer.Ordinal)
    {
        ["offlinepatch fs"] = new(
            [
                "Files inside an image, without mounting it. Paths begin at the root of the volume that holds Windows, with / or \\ "
                    + "between names, and upper and lower case alike; --partition N takes another volume.",
                "Commands that write are transactions like fix: verified first, then written as a whole, with an undo file. A volume "
                    + "that Windows would replay or check first is refused.",
            ],
            [
                new("Everything below a directory:", "offlinepatch fs tree server.vmdk Windows/System32/config"),
                new("A file out, and one in:",
                    "offlinepatch fs get server.vmdk Windows/win.ini . && offlinepatch fs put server.vmdk win.ini Windows/win.ini"),
            ],
            [new(ExitCode.Done, "done"), Usage, Unreadable, new(ExitCode.NotReady, "fs check: there are findings"), Refused, HostFailure,
                ResultLost, Cancelled])
        {
            Environment = [Clock, Temporary],
            Files = [UndoFile],
            SeeAlso = ["reg", "undo"],
        },
        ["offlinepatch fs ls"] = new(
            ["One line per name: attributes, size, time of the last change. Patterns with * and ? stand in the last part of a path; "
                + "quote them, so that the shell leaves them alone."],
            [new("The drivers that begin with vio:", "offlinepatch fs ls server.vmdk 'Windows/System32/drivers/vio*'")],
            Reading)
        { SeeAlso = ["fs tree", "fs stat"] },
        ["offlinepatch fs tree"] = new(
            ["Every file and directory below the start, one full path per line, ready for grep. Links are shown, not followed."],
            [new("Everything on the EFI system partition:", "offlinepatch fs tree server.vmdk --partition 1")],
            Reading)
        { SeeAlso = ["fs ls"] },
        ["offlinepatch fs stat"] = new(
            ["What NTFS knows of a file: record number, the four times, attributes, links and short names, streams with their sizes, "
                + "compression, security id, reparse point."],
            [new("Why does this file look empty?", "offlinepatch fs stat server.vmdk pagefile.sys hiberfil.sys")],
            Reading)
        { SeeAlso = ["fs ls"] },
        ["offlinepatch fs cat"] = new(
            ["The content of files, one after the other, to standard output; compressed files are decompressed, sparse ranges are zeros."],
            [new("Read a log of the machine:", "offlinepatch fs cat server.vmdk Windows/INF/setupapi.dev.log | less"),
                new("An alternate stream:", "offlinepatch fs cat server.vmdk 'Users/me/setup.exe:Zone.Identifier'")],
            Reading)
        { SeeAlso = ["fs get"] },
        ["offlinepatch fs get"] = new(
            ["Copies files and whole directories to this machine: into a directory, which is created; one file also under a new name, or "
                + "with - to standard output. Links are not followed, so that nothing outside the directory is ever written; names that "
                + "this machine cannot have are refused."],
            [new("The hives, with their logs:", "offlinepatch fs get server.vmdk 'Windows/System32/config/SYSTEM*' ./hives"),
                new("One file under a new name:", "offlinepatch fs get server.vmdk Windows/win.ini ./old.ini")],
            Reading)
        { SeeAlso = ["fs cat", "fs put"] },
        ["offlinepatch fs put"] = new(
            ["Copies files and whole directories into the image. A file that is there is replaced; one with equal content is not "
                + "written. Permissions are those that Windows itself would give a new file there."],
            [new("One file under a new name:", "offlinepatch fs put server.vmdk hosts.txt Windows/System32/drivers/etc/hosts"),
                new("A directory with everything in it:", "offlinepatch fs put server.vmdk ./tools 'Program Files/'"),
                new("What another program writes:", "date | offlinepatch fs put server.vmdk - Windows/Temp/moved.txt")],
            Writing)
        { Environment = [Clock], Files = [UndoFile], SeeAlso = ["fs get", "undo"] },
        ["offlinepatch fs rm"] = new(
            ["Deletes files and empty directories; with -r directories and all in them."],
            [new("A file that stops the boot:", "offlinepatch fs rm server.vmdk Windows/System32/drivers/broken.sys")],
            Writing)
        { Files = [UndoFile], SeeAlso = ["undo"] },
        ["offlinepatch fs mkdir"] = new(
            ["Creates directories, and those above them that are missing. One that is there is no error."],
            [new("A place for scripts:", "offlinepatch fs mkdir server.vmdk Windows/Setup/Scripts")],
            Writing)
        { Environment = [Clock], Files = [UndoFile], SeeAlso = ["fs put"] },
        ["offlinepatch fs mv"] = new(
            ["Renames a file or directory, or moves several into a directory of the same volume. Nothing is overwritten."],
            [new("Put a driver out of the way:",
                "offlinepatch fs mv server.vmdk Windows/System32/drivers/x.sys Windows/System32/drivers/x.off")],
            Writing)
        { Files = [UndoFile], SeeAlso = ["fs rm", "undo"] },
        ["offlinepatch fs check"] = new(
            ["Judges a volume as chkdsk does, reading only: records, indexes, bitmaps, security, links. Each finding names the record or "
                + "cluster."],
            [new("Is this volume sound?", "offlinepatch fs check server.vmdk"),
                new("Another one, for scripts:", "offlinepatch fs check server.vmdk --partition 3 --json")],
            [new(ExitCode.Done, "clean"), Usage, Unreadable, new(ExitCode.NotReady, "there are findings"), Refused, HostFailure])
        { SeeAlso = ["check"] },
    };

    private static Dictionary<string, CommandGuide> OfRegistry() => new(StringComparer.Ordinal)
    {
        ["offlinepatch reg"] = new(
            [
                "The registry of a machine that is off: of an image, with HKLM\\SYSTEM, HKLM\\SOFTWARE, HKLM\\SAM, HKLM\\SECURITY, "
                    + "HKLM\\DRIVERS, HKU\\PROFILE and HKLM\\BCD00000000, where CurrentControlSet is the control set that the next boot "
                    + "uses; or of a bare hive file, with keys from its root. Logs of a hive that was not written completely are applied "
                    + "while it is read.",
                "Commands that write are transactions with an undo file. SAM and SECURITY can be read, and are never changed by fix.",
            ],
            [
                new("The interfaces of a machine:",
                    "offlinepatch reg query server.vmdk 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters\\Interfaces' -s"),
                new("One value:",
                    "offlinepatch reg set server.vmdk 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\CrashControl' -v AutoReboot -t dword -d "
                        + "0"),
            ],
            [new(ExitCode.Done, "done"), Usage, Unreadable, new(ExitCode.NotReady, "reg check, reg diff: there are findings"), Refused,
                HostFailure, ResultLost, Cancelled])
        {
            Environment = [Clock],
            Files = [UndoFile],
            SeeAlso = ["fs", "bcd", "undo"],
        },
        ["offlinepatch reg query"] = new(
            ["Values with type and data as `reg query` of Windows shows them, then the subkeys; with -s everything below; with --find "
                + "what matches. HKLM and HKU list the hives. Options can be spelled as there: /v NAME, /ve, /s, /f TEXT, /k, /d, /e, /c."],
            [new("Which control set is current?", "offlinepatch reg query server.vmdk 'HKLM\\SYSTEM\\Select'"),
                new("A hive that was copied out:",
                    "offlinepatch reg query ./SOFTWARE 'Microsoft\\Windows NT\\CurrentVersion' -v ProductName --bare"),
                new("Every key and value that names a driver:",
                    "offlinepatch reg query server.vmdk 'HKLM\\SYSTEM\\CurrentControlSet\\Services' --find viostor")],
            Reading)
        { SeeAlso = ["reg export"] },
        ["offlinepatch reg export"] = new(
            ["Text that regedit and `reg import` read. To a file it is UTF-16 as regedit writes it; to standard output UTF-8."],
            [new("All services, for a comparison:",
                "offlinepatch reg export server.vmdk 'HKLM\\SYSTEM\\CurrentControlSet\\Services' -o services.reg")],
            Reading)
        { SeeAlso = ["reg import", "reg diff"] },
        ["offlinepatch reg import"] = new(
            ["Makes the changes of .reg files, deletions included: all of them or, when one line cannot be understood, none. Text of "
                + "version 5 and REGEDIT4; - reads standard input."],
            [new("What the administrators prepared:", "offlinepatch reg import server.vmdk harden.reg")],
            Writing)
        { Environment = [Clock], Files = [UndoFile], SeeAlso = ["reg export", "undo"] },
        ["offlinepatch reg set"] = new(
            ["Creates a value or changes it, with the keys above it. Without -v only the key is created. A value that is already so is "
                + "not written. It is `reg add` too, with the options of reg.exe: /v NAME or /ve, /t REG_DWORD, /d DATA, /s SEPARATOR, "
                + "/f."],
            [
                new("As on Windows:",
                    "offlinepatch reg add server.vmdk 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\x' /v Start /t REG_DWORD /d 4 /f"),
                new("A number:", "offlinepatch reg set server.vmdk 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\x' -v Start -t dword -d 4"),
                new("Several texts:", "offlinepatch reg set ./SYSTEM 'ControlSet001\\Control\\X' -v List -t multi -d 'one\\0two'"),
            ],
            Writing)
        { Environment = [Clock], Files = [UndoFile], SeeAlso = ["reg delete", "undo"] },
        ["offlinepatch reg delete"] = new(
            ["Deletes a key with all below it; with -v one value of it."],
            [new("A service that is in the way:", "offlinepatch reg delete server.vmdk 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\x'")],
            Writing)
        { Environment = [Clock], Files = [UndoFile], SeeAlso = ["reg set", "undo"] },
        ["offlinepatch reg diff"] = new(
            ["What has to be changed to make B out of A, as text that `reg import` takes. Two images, two hives, or one of each."],
            [new("What did a fix change?", "offlinepatch reg diff before.vmdk after.vmdk 'HKLM\\SYSTEM'")],
            [new(ExitCode.Done, "nothing differs"), Usage, Unreadable, new(ExitCode.NotReady, "something differs"), Refused, HostFailure])
        { SeeAlso = ["reg export", "reg import"] },
        ["offlinepatch reg check"] = new(
            ["Judges hives as Windows does when it loads them: base block, bins, cells, keys, values, security. Says of each whether "
                + "Windows would load it, load it after its logs, or refuse it."],
            [new("Are the hives of this machine sound?", "offlinepatch reg check server.vmdk"),
                new("A hive file:", "offlinepatch reg check ./SYSTEM --notes")],
            [new(ExitCode.Done, "clean"), Usage, Unreadable, new(ExitCode.NotReady, "there are findings"), Refused, HostFailure])
        { SeeAlso = ["reg replay"] },
        ["offlinepatch reg replay"] = new(
            ["Applies the logs of hives that were not written completely, as Windows does when it next loads them, and writes the hives "
                + "whole. fix does not need it: it reads through the logs by itself."],
            [new("Make the hives of a crashed machine whole:", "offlinepatch reg replay server.vmdk")],
            Writing)
        { Files = [UndoFile], SeeAlso = ["reg check", "undo"] },
    };
}
