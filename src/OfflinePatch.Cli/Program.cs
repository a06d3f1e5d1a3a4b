using OfflinePatch.Cli;

return CommandTree.Run(args);
