using System.Globalization;

namespace OfflinePatch.Drivers.Inf;

/// <summary>Reads CopyFiles and DelFiles. Source: learn.microsoft.com inf-copyfiles-directive, inf-destinationdirs-section.</summary>
internal sealed class InfCopyReader(InfEvaluator evaluator)
{
    private InfSourceFiles? _sources; // of the package's own INF

    public List<InfFileCopy> Files { get; } = [];

    public List<InfFileDelete> Deletions { get; } = [];

    public void Copy(InfFile inf, InfSection section, InfLine line)
    {
        foreach (var field in line.Fields.Select(f => inf.Expand(f)).Where(f => f.Length > 0))
        {
            if (field[0] == '@')
            {
                var file = field[1..].Trim();
                AddCopy(inf, section, line, file, file, 0, Destination(inf, section, line, null));
                continue;
            }

            if (evaluator.FindSection(inf, field) is not { } list)
            {
                evaluator.Notice(InfNoticeKind.Problem, section, line, $"CopyFiles names [{field}], which does not exist.");
                continue;
            }

            evaluator.Visit(list);
            var directory = Destination(inf, section, line, list.Name);
            foreach (var entry in list.Lines)
            {
                var target = inf.Expand(entry.Head);
                if (target.Length == 0)
                {
                    continue;
                }

                var source = inf.Expand(entry.Field(1)) is { Length: > 0 } s && entry.Key is null ? s : target;
                _ = InfText.TryParseNumber(inf.Expand(entry.Field(3)), out var flags);
                AddCopy(inf, list, entry, source, target, flags, directory);
            }
        }
    }

    public void Delete(InfFile inf, InfSection section, InfLine line)
    {
        foreach (var field in line.Fields.Select(f => inf.Expand(f)).Where(f => f.Length > 0))
        {
            var list = field[0] == '@' ? null : evaluator.FindSection(inf, field);
            if (list is null && field[0] != '@')
            {
                evaluator.Notice(InfNoticeKind.Problem, section, line, $"DelFiles names [{field}], which does not exist.");
                continue;
            }

            var directory = Destination(inf, section, line, list?.Name);
            foreach (var (name, flags) in list is null
                ? [(field[1..], 0u)]
                : list.Lines.Select(l => (inf.Expand(l.Head), InfText.TryParseNumber(inf.Expand(l.Field(3)), out var f) ? f : 0)))
            {
                if (name.Length > 0)
                {
                    evaluator.CountEffect();
                    Deletions.Add(new InfFileDelete(Join(directory, name), flags));
                }
            }
        }
    }

    private void AddCopy(InfFile inf, InfSection section, InfLine line, string source, string target, uint flags, InfPath directory)
    {
        evaluator.CountEffect();
        if (!InfSourceFiles.StaysInside(target) || !InfSourceFiles.StaysInside(source)
            || (directory.DirectoryId != -1 && !InfSourceFiles.StaysInside(directory.Relative)))
        {
            evaluator.Notice(InfNoticeKind.Problem, section, line, $"{target} leads out of the package.");
            return;
        }

        var path = "";
        if (evaluator.IsPackage(inf))
        {
            _sources ??= InfSourceFiles.Of(inf, evaluator.Target.Architecture);
            if (_sources.Find(source) is { } listed)
            {
                path = listed;
            }
            else if (inf.Find("Version")?.Find("LayoutFile") is not null)
            {
                path = ""; // a file of Windows itself
            }
            else
            {
                path = source;
                evaluator.Notice(InfNoticeKind.Problem, section, line, $"{source} is not listed in SourceDisksFiles.");
            }
        }

        Files.Add(new InfFileCopy(path, Join(directory, target), flags, section.Name));
    }

    private static InfPath Join(InfPath directory, string name)
    {
        name = name.Replace('/', '\\').TrimStart('\\');
        return directory with { Relative = directory.Relative.Length == 0 ? name : $"{directory.Relative}\\{name}" };
    }

    private InfPath Destination(InfFile inf, InfSection section, InfLine line, string? list)
    {
        var directories = inf.Find("DestinationDirs");
        var entry = (list is null ? null : directories?.Find(list)) ?? directories?.Find("DefaultDestDir");
        if (entry is null)
        {
            return new InfPath(11, ""); // SetupAPI's own default
        }

        var text = inf.Expand(entry.Field(0)).Trim('%', ' ');
        if (!InfText.TryParseNumber(text, out var id))
        {
            evaluator.Notice(InfNoticeKind.Problem, section, line,
                string.Create(CultureInfo.InvariantCulture, $"the directory id {text} of {entry.Key} is not a number."));
            return new InfPath(11, "");
        }

        var relative = inf.Expand(entry.Field(1)).Replace('/', '\\').Trim('\\');
        return new InfPath(id is 65535 or uint.MaxValue ? -1 : (int)Math.Min(id, 0xFFFF), relative);
    }
}
