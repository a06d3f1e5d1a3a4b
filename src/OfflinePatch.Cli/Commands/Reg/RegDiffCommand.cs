using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.RegText;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Reg;

/// <summary>
/// <c>reg diff A B [KEY]</c>: what turns A into B, as .reg text. Without KEY two images are compared in SYSTEM and SOFTWARE.
/// </summary>
internal static class RegDiffCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        What has to be changed to make B out of A, as text that `reg import` takes. Two images, two hives, or one of each.
        """,
        [new("What did a fix change?", "offlinepatch reg diff before.vmdk after.vmdk 'HKLM\\SYSTEM'")],
        [new(ExitCode.Done, "nothing differs"), Usage, Unreadable, new(ExitCode.NotReady, "something differs"), Refused, HostFailure])
    {
        SeeAlso = ["reg export", "reg import"],
    };

    private static readonly string[] ImageKeys = [@"HKLM\SYSTEM", @"HKLM\SOFTWARE"];

    public static Command Create()
    {
        var edit = new EditArguments();
        var before = RegArguments.Target("A");
        var after = RegArguments.Target("B");
        var key = RegArguments.Key();
        var output = RegArguments.Output();
        var encoding = RegArguments.Encoding();
        var command = new Command("diff", "Lists what differs, as .reg text that turns A into B. Exit code 3 when something does.")
        { before, after, key, output, encoding };
        edit.AddTo(command, writes: false);
        command.SetGuardedAction((result, _) =>
        {
            if (result.GetValue(output) is { } file)
            {
                OutputPaths.Check("--output", file, overwrite: true);
            }

            using var left = RegistryEdit.OpenToRead(result.GetRequiredValue(before), edit.Read(result));
            using var right = RegistryEdit.OpenToRead(result.GetRequiredValue(after), edit.Read(result));
            var name = result.GetValue(key) ?? "";
            string[] keys = name.Length == 0 && !left.IsHiveFile && !right.IsHiveFile ? ImageKeys : [name];
            return RegTextResult.Write(result, result.GetValue(output), result.GetValue(encoding),
                OutputAccess.Of(result.GetRequiredValue(after)), (stream, form) =>
            {
                var changes = 0;
                foreach (var one in keys)
                {
                    var (a, b) = (left.Target.Locate(one), right.Target.Locate(one));
                    changes += RegTextWriter.Diff(a.Hive.Find(a.Path), b.Hive.Find(b.Path), b.FullPath, stream, form,
                        withHeader: one == keys[0]);
                }

                return changes;
            });
        });
        return command;
    }
}
