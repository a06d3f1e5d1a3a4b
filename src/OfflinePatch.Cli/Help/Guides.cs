using OfflinePatch.Cli.Commands;
using OfflinePatch.Cli.Commands.Accounts;
using OfflinePatch.Cli.Commands.Boot;
using OfflinePatch.Cli.Commands.Fs;
using OfflinePatch.Cli.Commands.Reg;
using OfflinePatch.Cli.Commands.Store;

namespace OfflinePatch.Cli.Help;

/// <summary>The guide of every command, by its path. The text of each is beside its command.</summary>
internal static class Guides
{
    private static readonly Dictionary<string, CommandGuide> All = new(StringComparer.Ordinal)
    {
        ["offlinepatch"] = CommandTree.Guide,
        ["offlinepatch fix"] = FixCommand.Guide,
        ["offlinepatch check"] = CheckCommand.Guide,
        ["offlinepatch inspect"] = InspectCommand.Guide,
        ["offlinepatch convert"] = ConvertCommand.Guide,
        ["offlinepatch resize"] = ResizeCommand.Guide,
        ["offlinepatch compare"] = CompareCommand.Guide,
        ["offlinepatch shell"] = ShellCommand.Guide,
        ["offlinepatch watch"] = WatchCommand.Guide,
        ["offlinepatch witness"] = WitnessCommand.Guide,
        ["offlinepatch report"] = ReportCommand.Guide,
        ["offlinepatch report merge"] = ReportCommand.MergeGuide,
        ["offlinepatch schema"] = SchemaCommand.Guide,
        ["offlinepatch completion"] = CompletionCommand.Guide,
        ["offlinepatch undo"] = UndoCommand.Guide,
        ["offlinepatch recover"] = RecoverCommand.Guide,
        ["offlinepatch drivers"] = DriversCommand.Guide,
        ["offlinepatch drivers list"] = StoreListCommand.Guide,
        ["offlinepatch drivers add"] = StoreAddCommand.Guide,
        ["offlinepatch drivers remove"] = StoreRemoveCommand.Guide,
        ["offlinepatch drivers export"] = StoreExportCommand.Guide,
        ["offlinepatch rules"] = RulesCommand.Guide,
        ["offlinepatch explain"] = ExplainCommand.Guide,
        ["offlinepatch bcd"] = BcdCommand.Guide,
        ["offlinepatch boot"] = BootCommand.Guide,
        ["offlinepatch boot repair"] = BootRepairCommand.Guide,
        ["offlinepatch convert-boot"] = ConvertBootCommand.Guide,
        ["offlinepatch convert-boot uefi"] = ConvertBootCommand.UefiGuide,
        ["offlinepatch fs"] = FsCommand.Guide,
        ["offlinepatch fs ls"] = FsListCommand.Guide,
        ["offlinepatch fs tree"] = FsTreeCommand.Guide,
        ["offlinepatch fs stat"] = FsStatCommand.Guide,
        ["offlinepatch fs cat"] = FsCatCommand.Guide,
        ["offlinepatch fs get"] = FsGetCommand.Guide,
        ["offlinepatch fs put"] = FsPutCommand.Guide,
        ["offlinepatch fs rm"] = FsRemoveCommand.Guide,
        ["offlinepatch fs mkdir"] = FsMakeDirectoryCommand.Guide,
        ["offlinepatch fs mv"] = FsMoveCommand.Guide,
        ["offlinepatch fs check"] = FsCheckCommand.Guide,
        ["offlinepatch reg"] = RegCommand.Guide,
        ["offlinepatch reg query"] = RegQueryCommand.Guide,
        ["offlinepatch reg export"] = RegExportCommand.Guide,
        ["offlinepatch reg import"] = RegImportCommand.Guide,
        ["offlinepatch reg set"] = RegSetCommand.Guide,
        ["offlinepatch reg delete"] = RegDeleteCommand.Guide,
        ["offlinepatch reg diff"] = RegDiffCommand.Guide,
        ["offlinepatch reg check"] = RegCheckCommand.Guide,
        ["offlinepatch reg replay"] = RegReplayCommand.Guide,
        ["offlinepatch accounts"] = AccountsCommand.Guide,
        ["offlinepatch accounts list"] = AccountsListCommand.Guide,
        ["offlinepatch accounts set-password"] = AccountsSetPasswordCommand.Guide,
        ["offlinepatch accounts enable"] = AccountsChangeCommand.EnableGuide,
        ["offlinepatch accounts unlock"] = AccountsChangeCommand.UnlockGuide,
    };

    /// <summary>The guide of a command; an empty one for a command without.</summary>
    public static CommandGuide For(string command) =>
        All.GetValueOrDefault(command) ?? new CommandGuide("", [], [new(ExitCode.Done, "done"), CommonGuide.Usage]);
}
