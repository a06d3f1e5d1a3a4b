using OfflinePatch.Cli;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;

HostProcess.Prepare();
Output.Install();
return CommandTree.Run(args);
