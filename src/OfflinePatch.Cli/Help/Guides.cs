namespace OfflinePatch.Cli.Help;

/// <summary>The guide of every command, by its path. Commands over images are here, those inside images in the other part.</summary>
internal static partial class Guides
{
    private static readonly ExitMeaning Usage = new(ExitCode.Usage, "the command line is wrong; nothing was opened");
    private static readonly ExitMeaning Unreadable = new(ExitCode.Unreadable, "an image cannot be read: damaged, unsupported or missing");
    private static readonly ExitMeaning NotReady = new(ExitCode.NotReady,
        "not ready: a rule of severity error failed or stayed unfixed; warnings do not count");
    private static readonly ExitMeaning Refused = new(ExitCode.Refused,
        "refused before the first byte was written; the message says why, and what to do");
    private static readonly ExitMeaning HostFailure = new(ExitCode.HostFailure,
        "this machine failed (disk full, no permission); the image is unchanged, or was rolled back");
    private static readonly ExitMeaning ResultLost = new(ExitCode.ResultLost,
        "done, and what was changed stays changed; the result could not be written (standard output is full or closed, or the report "
            + "cannot be written)");
    private static readonly ExitMeaning Cancelled = new(ExitCode.Cancelled, "cancelled; the image is unchanged");

    private const string Batch =
        "Several images are worked on at once (--jobs). An image that fails does not stop the others, unless --fail-fast is given. What "
            + "was finished is finished: run the same line "
        + "again after a batch was stopped. Each further job takes about 170 MiB of memory.";

    private static readonly (string, string) Clock =
        ("SOURCE_DATE_EPOCH", "Seconds since 1970: every time stamp that is left in an image is this one, so that two runs over equal "
            + "images give equal bytes.");

    private static readonly (string,
        string) Temporary = ("TMPDIR", "Where changes are kept that are too many for memory, until they are committed.");

    private static readonly (string, string) UndoFile =
        ("IMAGE.offlinepatch-undo, IMAGE.offlinepatch-undo.2, ...",
            "One file a change: the old bytes of every range that it wrote. While they are there, `offlinepatch undo` restores exactly "
                + "the image of before. "
            + "--undo-dir puts them elsewhere.");

    private static readonly Dictionary<string, CommandGuide> All = new(OfFiles().Concat(OfRegistry()).Concat(OfAccounts()),
        StringComparer.Ordinal)
    {
        ["offlinepatch"] = new(
            [
                "OfflinePatch takes the disk image of a Windows machine that nobody prepared, and makes it ready to be imported and "
                    + "started on a KVM or Xen cloud (Huawei Cloud IMS, Open Telekom Cloud, OpenStack, plain KVM), without ever starting "
                    + "it: no root, no hypervisor, no loop mount, no Windows.",
                "Begin with `offlinepatch check IMAGE`: it changes nothing, and says rule by rule what is missing. `offlinepatch fix "
                    + "IMAGE` repairs what can be repaired. Everything that it would write is collected and verified first, then written "
                    + "as one transaction; `offlinepatch undo IMAGE` takes it back.",
                "Results go to standard output, as a table or with --json as one document; messages go to standard error.",
            ],
            [
                new("Say what is missing; change nothing:", "offlinepatch check server.vmdk"),
                new("Make it ready, with drivers and agent:",
                    "offlinepatch fix server.vmdk --drivers virtio-win.iso --cloudbase-init CloudbaseInitSetup.msi"),
                new("Take the last fix back:", "offlinepatch undo server.vmdk"),
            ],
            [new(ExitCode.Done, "done, and ready"), Usage, Unreadable, NotReady, Refused, HostFailure, ResultLost, Cancelled])
        {
            Environment = [Clock, Temporary],
            Files = [UndoFile],
        },
        ["offlinepatch fix"] = new(
            [
                "Makes images ready for the target. First the gates run: an image that is encrypted, hibernated, dirty, damaged or in "
                    + "the middle of an update is refused untouched. Then every rule looks, and fixes what it can: network interfaces go "
                    + "to DHCP, VirtIO drivers are staged as Windows itself would stage them, Cloudbase-Init is installed and "
                    + "configured, the boot is put in order. The result is verified as a whole (hives, volumes, every rule again) before "
                    + "the first byte of the image changes.",
                "What is written is written as one transaction: a process that is killed while it writes leaves an image that the next "
                    + "command rolls back by itself. Where something is left that this program cannot do, the rest is written all the "
                    + "same, and the image is not ready; --require-ready writes only what makes it ready. A second run finds nothing to "
                    + "do and writes nothing. `offlinepatch rules` explains every rule with the keys and files that it changes; "
                    + "--dry-run says what would be done.",
                "Tools of another hypervisor are told, and stay. --remove-tools vmware removes VMware Tools with drivers, services, "
                    + "devices, registrations and files; --remove-tools vmware=silence only disables what starts; all stands for every "
                    + "product. A storage driver goes only when another one is ready to start Windows, parts of Windows never. "
                    + "--tools-data adds products of your own.",
                "With --output the image is left alone and a fixed copy is written, in any format. That is also the way for formats that "
                    + "cannot be changed in place (streamOptimized VMDK, OVA, ZVHD).",
                Batch,
            ],
            [
                new("In place, with drivers from the virtio-win disc and the agent:",
                    "offlinepatch fix server.vmdk --drivers virtio-win.iso --cloudbase-init cloudbase-init.zip"),
                new("A fixed copy in the format that imports over 128 GB want:",
                    "offlinepatch fix server.vmdk -o server.zvhd2 -O zvhd2 --drivers virtio-win.iso"),
                new("What would be done, and a page for the owner of the machine:",
                    "offlinepatch fix server.vmdk --drivers virtio-win.iso --dry-run --report server.html"),
                new("With the old static address on the new adapter, another name, and a script of your own at the first start:",
                    "offlinepatch fix server.vmdk --drivers virtio-win.iso --network keep --hostname web-01 --first-boot register.ps1"),
                new("From VMware, with its tools removed:", "offlinepatch fix server.vmdk --drivers virtio-win.iso --remove-tools vmware"),
                new("Only the network, for another cloud:", "offlinepatch fix server.qcow2 --target openstack-kvm --only network.*"),
                new("A whole migration, four at a time, a record for each image as it is finished, a page for each owner:",
                    "offlinepatch fix exports --drivers virtio-win.iso --jobs 4 --json-lines --report pages/ > result.jsonl"),
                new("Fixed copies of the images of a list; go on where it was stopped:",
                    "offlinepatch fix --images-from list.txt -o ready/ -O qcow2 --skip-existing"),
            ],
            [new(ExitCode.Done, "done, and every image is ready"), Usage, Unreadable, NotReady, Refused, HostFailure, ResultLost,
                Cancelled])
        {
            Environment = [Clock, Temporary],
            Files = [UndoFile],
            SeeAlso = ["check", "rules", "undo", "drivers"],
        },
        ["offlinepatch check"] = new(
            [
                "Runs the rules of the target without changing anything: the image is opened to read. Under each failure stands what "
                    + "helps. What says `offlinepatch fix` there, fix does; the rest has to be done in the source machine before it is "
                    + "exported again.",
                "With --drivers and --cloudbase-init the sources are judged too: whether they hold what this Windows needs.",
                Batch,
            ],
            [
                new("Judge an image for Huawei Cloud IMS, the default target:", "offlinepatch check server.vmdk"),
                new("For another target, with the drivers at hand:",
                    "offlinepatch check server.qcow2 --target xen --drivers xen-drivers.zip"),
                new("In a script, the rules that failed:",
                    "offlinepatch check server.vmdk --json | jq '.images[].rules[] | select(.state == \"failed\" and .severity == "
                        + "\"error\")'"),
            ],
            [new(ExitCode.Done, "every image is ready"), Usage, Unreadable, NotReady, new(ExitCode.Refused, "a gate would refuse an image"),
                HostFailure])
        {
            SeeAlso = ["fix", "rules", "inspect"],
        },
        ["offlinepatch inspect"] = new(
            [
                "Shows what is inside, without judging it: container, partitions with their file systems and letters, Windows with "
                    + "version and edition, what starts it, network interfaces with their addresses, drivers, agent, local accounts "
                    + "(whether a password is set, never which), and the properties that an image service asks for when the image is "
                    + "registered.",
            ],
            [
                new("What is in this file?", "offlinepatch inspect unknown.img"),
                new("The properties for the registration:",
                    "offlinepatch inspect server.vmdk --json | jq '.images[0].inspection.registration'"),
            ],
            [new(ExitCode.Done, "everything could be read"), Usage, Unreadable, Refused, HostFailure])
        {
            SeeAlso = ["check", "fs tree", "reg query"],
        },
        ["offlinepatch convert"] = new(
            [
                "Reads an image of any of the formats RAW, VMDK, VHD, VHDX, VDI, QCOW2, QCOW, QED, ZVHD and ZVHD2, and writes a new one. "
                    + "What is in it stays byte for byte; holes and zeros take no room in formats that can leave them out. The new file "
                    + "appears under its name when it is complete.",
            ],
            [
                new("The ending says the format:", "offlinepatch convert server.vmdk server.qcow2"),
                new("For fast import, compared after it was written:", "offlinepatch convert server.vhdx -o server.zvhd2 --verify"),
                new("A VMDK in one stream:", "offlinepatch convert server.raw -o server.vmdk --subformat streamOptimized"),
            ],
            [new(ExitCode.Done, "written"), Usage, Unreadable, Refused, HostFailure, ResultLost, Cancelled])
        {
            SeeAlso = ["compare", "fix"],
        },
        ["offlinepatch compare"] = new(
            [
                "Compares the disks in two images byte by byte, as a guest sees them, whatever the formats are. What the longer disk has "
                    + "after the end of the shorter one counts as equal where it is zero.",
            ],
            [
                new("Is the new image the same disk?", "offlinepatch compare server.vmdk server.qcow2"),
            ],
            [new(ExitCode.Done, "identical"), Usage, Unreadable, new(ExitCode.NotReady, "they differ; the message says where first"),
                Refused, HostFailure])
        {
            SeeAlso = ["convert"],
        },
        ["offlinepatch shell"] = new(
            [
                "Opens an image once, and takes commands for its files and its registry: at a prompt on a terminal, else from standard "
                    + "input. What they change is seen at once by the next command, and is written by `commit` as one transaction with "
                    + "one undo file; without it nothing is written. `help` lists the commands.",
                "In a script the first error ends it, and nothing is written; a line that begins with - may fail. # begins a comment. "
                    + "For example: cd Windows; put hosts.txt System32/drivers/etc/hosts; reg set HKLM\\SOFTWARE\\Moved When sz today; "
                    + "diff; commit, each on its line.",
            ],
            [
                new("Look around:", "offlinepatch shell server.vmdk --read-only < /dev/null"),
                new("A script:", "offlinepatch shell server.vmdk < changes.txt"),
            ],
            [new(ExitCode.Done, "committed, or there was nothing to write"), Usage, Unreadable,
                new(ExitCode.Refused, "refused; or there were changes, and no commit"), HostFailure, Cancelled])
        {
            Environment = [Clock],
            Files = [UndoFile],
            SeeAlso = ["fs", "reg", "undo"],
        },
        ["offlinepatch watch"] = new(
            [
                "Looks into a directory again and again. An image that has not changed for some seconds, and that no other program has "
                    + "open for writing, is fixed in place; when it is ready it is moved with its undo files. One that is not ready, is "
                    + "refused or fails goes to --failed, or stays until it changes.",
                "Whoever delivers images should write them under another ending, .part for example, and rename them when they are "
                    + "complete: that is safer than any waiting. Each image is printed when it is finished, with --json or --json-lines "
                    + "as one line.",
            ],
            [
                new("Images come by rsync, and leave ready:",
                    "offlinepatch watch incoming --done ready --failed stuck --drivers virtio-win.iso --json-lines >> watch.jsonl"),
                new("From cron, without staying:", "offlinepatch watch incoming --done ready --once -q"),
            ],
            [new(ExitCode.Done, "with --once: every image that was complete is ready"), Usage, Unreadable, NotReady, Refused, HostFailure,
                Cancelled])
        {
            Environment = [Clock, Temporary],
            Files = [UndoFile],
            SeeAlso = ["fix", "undo"],
        },
        ["offlinepatch report"] = new(
            ["Works on the results that fix, check and inspect print with --json or --json-lines."],
            [new("One page for each image of all tasks:", "offlinepatch report merge results/ --report pages/")],
            [new(ExitCode.Done, "done"), Usage, Unreadable, NotReady, Refused, HostFailure])
        {
            SeeAlso = ["fix", "check"],
        },
        ["offlinepatch report merge"] = new(
            ["Joins the results of several runs, for example of the tasks of a cluster. Of an image that was worked on more than once "
                + "the last result counts, in the order of the files; a last line that was cut short by a kill is left out. The exit "
                + "code is that of the worst image."],
            [new("What came of the whole array job?", "offlinepatch report merge results/*.jsonl"),
                new("As one document, and as pages:", "offlinepatch report merge results/ --json --report pages/ > all.json")],
            [new(ExitCode.Done, "every image is as it should be"), Usage,
                new(ExitCode.Unreadable, "a file is no result, or an image could not be read"), NotReady,
                new(ExitCode.Refused, "an image was refused"), HostFailure])
        {
            SeeAlso = ["fix"],
        },
        ["offlinepatch schema"] = new(
            [
                "Every command prints one document with --json; its member `command` says which. This is their JSON Schema: members, "
                    + "types, and which are always there. Members are only ever added, so readers must accept those that they do not "
                    + "know. Errors are documents too.",
            ],
            [
                new("For a validator:", "offlinepatch schema > offlinepatch.schema.json"),
            ],
            [new(ExitCode.Done, "printed"), Usage, HostFailure]),
        ["offlinepatch completion"] = new(
            [
                "Prints a script for bash, zsh, fish or PowerShell that makes the shell complete commands, options, and the names of "
                    + "targets, rules and formats. The script asks this program, so it need not be made again for a new version.",
            ],
            [
                new("For this bash:", "source <(offlinepatch completion bash)"),
                new("As a file, for /etc/bash_completion.d or the like:", "offlinepatch completion bash > offlinepatch.bash"),
            ],
            [new(ExitCode.Done, "printed"), Usage, HostFailure]),
        ["offlinepatch undo"] = new(
            [
                "Restores exactly the bytes, the lengths and the times that the image had before the last change (fix, fs, reg), and "
                    + "deletes the undo file of that change. "
                + "Every change that was kept can be undone, newest first; --all restores the original bytes.",
                "It refuses when the image was changed since: when its content or length differs, or (without --force) when only its "
                    + "time or its identity does, as after a copy.",
            ],
            [
                new("Undo the last change:", "offlinepatch undo server.vmdk"),
                new("What can be undone:", "offlinepatch undo --list server.vmdk"),
                new("Back to the original bytes:", "offlinepatch undo --all server.vmdk"),
                new("The undo files are in another folder:", "offlinepatch undo --undo-dir /var/lib/undo server.vmdk"),
                new("The images are good, free the room:", "offlinepatch undo --forget ready"),
            ],
            [
                new(ExitCode.Done, "the image is what it was"), Usage,
                new(ExitCode.Unreadable, "the image is missing, or its undo file is damaged"),
                new(ExitCode.Refused, "there is nothing to undo, or the image was changed since"), HostFailure, ResultLost,
            ])
        {
            Files = [UndoFile],
            SeeAlso = ["fix", "recover"],
        },
        ["offlinepatch recover"] = new(
            [
                "After a crash of this machine, or a kill while a change was written: rolls the image back to the bytes of before. "
                    + "Commands that write do this by themselves; "
                + "commands that only read show the image as it was before, and write nothing.",
                "An undo file is used by itself only when it is proven that this user wrote it on this host for this very image. --trust "
                    + "uses one of which nothing proves that; "
                + "look at it with --dry-run first. Even then, every sector must be one that the change can have left.",
            ],
            [
                new("Roll an interrupted change back:", "offlinepatch recover server.vmdk"),
                new("What would be written:", "offlinepatch recover --dry-run server.vmdk"),
                new("The image was moved to another host in the middle of a change:",
                    "offlinepatch recover --trust server.vmdk.offlinepatch-undo server.vmdk"),
            ],
            [new(ExitCode.Done, "rolled back, or there was nothing to roll back"), Usage, Unreadable, Refused, HostFailure, ResultLost])
        {
            Files = [UndoFile],
            SeeAlso = ["undo"],
        },
        ["offlinepatch drivers"] = new(
            [
                "What is in the driver store of an image, and how packages get into it and out of it: the commands list, add, remove and "
                    + "export. Without one of them the arguments are sources; a source that is called like a command is written ./list.",
                "Lists the driver packages in a directory, ISO, zip or floppy image as --drivers would use them: class, version, the "
                    + "Windows versions and architectures that each serves, who signed it, and why a package would be refused.",
            ],
            [
                new("What does this disc bring?", "offlinepatch drivers virtio-win.iso"),
                new("Two sources, for scripts:", "offlinepatch drivers virtio-win.iso xen-drivers.zip --json"),
            ],
            [new(ExitCode.Done, "listed"), Usage, new(ExitCode.Unreadable, "a source cannot be read"), Refused, HostFailure])
        {
            SeeAlso = ["drivers list", "drivers add", "fix"],
        },
        ["offlinepatch drivers list"] = new(
            ["Lists the driver packages that did not come with Windows, as pnputil /enum-drivers does: published name (oemN.inf), the "
                + "INF's own name, class, provider, version, signer, whether a driver of it starts at boot, which devices run with it, "
                + "and what is wrong with its files."],
            [new("What is in this image?", "offlinepatch drivers list server.vmdk"),
                new("For scripts:", "offlinepatch drivers list server.vmdk --json")],
            Reading)
        { SeeAlso = ["drivers add", "drivers export", "inspect"] },
        ["offlinepatch drivers add"] = new(
            [
                "Puts driver packages of any class into the driver store, with the records that Windows' own tools write: store, "
                    + "published INF, catalogue, driver database. Network, display and other drivers are staged, and Windows installs "
                    + "them when it meets the device; those of a class that a boot may need (storage, chipset) are configured too, with "
                    + "service and files in place. Extension INFs and software components are staged.",
                "A package is refused, by name, when a file is missing or made for another machine, when its signature does not hold for "
                    + "this Windows (--force-unsigned accepts it), when it would overwrite a file of others, or puts files or services "
                    + "where a driver has no business. One refusal refuses all, unless --skip-refused is given. A package that is there "
                    + "already is left as it is.",
            ],
            [
                new("A network driver of a vendor:", "offlinepatch drivers add server.vmdk ./e1000-package"),
                new("Everything on a disc that this Windows can use; look first:",
                    "offlinepatch drivers add server.vmdk drivers.iso --skip-refused --dry-run"),
            ],
            Writing)
        { Environment = [Clock, Temporary], Files = [UndoFile], SeeAlso = ["drivers", "drivers remove", "undo"] },
        ["offlinepatch drivers remove"] = new(
            ["Takes packages out again, with everything that they alone brought: store, published INF, catalogue, records, the number in "
                + "OemInfMap, services and the filter entries that name them. What another package owns too is put back as that one has "
                + "it. A package that a device runs with is refused unless --force is given; a driver that comes with Windows is never "
                + "removed."],
            [new("One package:", "offlinepatch drivers remove server.vmdk oem3.inf")],
            Writing)
        { Environment = [Clock], Files = [UndoFile], SeeAlso = ["drivers list", "undo"] },
        ["offlinepatch drivers export"] = new(
            ["Copies each package of others into a directory of its own, as dism /export-driver does; the directories can be named to "
                + "drivers add and to fix --drivers."],
            [new("From one machine to another:",
                "offlinepatch drivers export old.vmdk ./saved && offlinepatch drivers add new.qcow2 ./saved")],
            Reading)
        { SeeAlso = ["drivers list", "drivers add"] },
        ["offlinepatch rules"] = new(
            [
                "Lists every rule of a target in the order in which they run: its id, how much a failure matters there, what it demands, "
                    + "the keys and files that it looks at and changes, and where the demand comes from. A gate is a rule whose failure "
                    + "refuses the whole image before anything is written.",
                "A target is a JSON file; write your own for a cloud with its own list, and give it with --profile to rules, check and "
                    + "fix.",
            ],
            [
                new("The rules of the default target:", "offlinepatch rules"),
                new("Those of plain OpenStack:", "offlinepatch rules --target openstack-kvm"),
                new("Begin a list of your own, then read it:",
                    "offlinepatch rules --target openstack-kvm --as-profile > our-cloud.json && offlinepatch rules --profile "
                        + "our-cloud.json"),
            ],
            [new(ExitCode.Done, "listed"), Usage,
                new(ExitCode.Unreadable, "the profile cannot be read, or names a rule that does not exist"), HostFailure])
        {
            SeeAlso = ["check", "fix"],
        },
        ["offlinepatch explain"] = new(
            [
                """
                Every error and every finding has a stable code, for example CORE-0031 or NTFS-6100. Prints what a code means, the usual
                cause, what to do, and the exit status of a command that ends with it. Without a code: the list of all codes.
                """,
            ],
            [
                new("An error of the last run:", "offlinepatch explain CORE-0031"),
                new("Every code, for a wiki or a script:", "offlinepatch explain --json"),
            ],
            [new(ExitCode.Done, "printed"), new(ExitCode.Usage, "there is no such code"), HostFailure])
        {
            SeeAlso = ["rules"],
        },
        ["offlinepatch bcd"] = new(
            [
                "Shows a boot configuration store as `bcdedit /enum all` does on a running Windows: every object with its elements by "
                    + "name. Where bcdedit shows drive letters, the ids of disk and partition stand here, because only a running Windows "
                    + "knows letters.",
                "--set and --delete-value change an element by its name in bcdedit, in a transaction with an undo file; elements that "
                    + "name devices are not written. The options of bcdedit, /set, /deletevalue and /export, are taken too.",
            ],
            [
                new("The store that starts the machine:", "offlinepatch bcd server.vmdk"),
                new("A store that was copied out:", "offlinepatch bcd ./BCD"),
                new("Into safe mode at the next start, as bcdedit /set does, and back:",
                    "offlinepatch bcd server.vmdk --set '{default}' safeboot Minimal && offlinepatch bcd server.vmdk --delete-value "
                        + "'{default}' safeboot"),
                new("A copy of the store:", "offlinepatch bcd server.vmdk --export ./BCD"),
            ],
            [new(ExitCode.Done, "shown, or changed"), Usage, Unreadable, Refused, HostFailure, ResultLost, Cancelled])
        {
            SeeAlso = ["inspect", "reg query"],
        },
    };

    /// <summary>The names of the commands that have a guide.</summary>
    public static IEnumerable<string> Names => All.Keys;

    /// <summary>The guide of a command; an empty one for a command without.</summary>
    public static CommandGuide For(string command) =>
        All.GetValueOrDefault(command) ?? new CommandGuide([], [], [new(ExitCode.Done, "done"), Usage]);
}
