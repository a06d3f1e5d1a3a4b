namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>A step that was interrupted while it wrote, and those of its files that a transaction has open so far.</summary>
internal sealed class InterruptedStep(StepFile step) : IDisposable
{
    private readonly Dictionary<StepRecord, TransactionFile> _files = new(ReferenceEqualityComparer.Instance);

    public StepFile Step => step;

    public IReadOnlyDictionary<StepRecord, TransactionFile> Files => _files;

    /// <summary>Whether any of its files is open for writing.</summary>
    public bool IsWritable => _files.Values.Any(f => f.IsExclusive);

    /// <summary>
    /// Where the file is that the step's command was given, and that <c>recover</c> is to be given: an image may be read through another
    /// one, which it is the base of. Its name alone where it is not found.
    /// </summary>
    public string MainPath
    {
        get
        {
            var main = step.Records[0];
            if (_files.TryGetValue(main, out var file))
            {
                return file.Handle.Path;
            }

            var folders = _files.Values.Select(f => f.Handle.Path).Append(step.Path).Select(Path.GetDirectoryName);
            return folders.Select(f => Path.Combine(f!, main.Name)).FirstOrDefault(HostPaths.FileExists) ?? main.Name;
        }
    }

    /// <summary>Proves that a file is one of the step's, and shows it as it was.</summary>
    /// <exception cref="RefusedException"><c>CORE-0027</c>: it is not proven.</exception>
    public void Add(StepRecord record, TransactionFile file, TransactionOptions options)
    {
        var isTrusted = string.Equals(step.Path, options.TrustedUndoFile, StringComparison.Ordinal);
        var reason = (isTrusted ? null : step.WhyNotOwned() ?? step.WhyNotSigned())
            ?? (isTrusted || options.IsRecovery || record.Identity.Matches(file.Handle.GetStatus().Identity)
                ? null
                : "it is another file than the one that was changed (a copy, or a new file of the same name)")
            ?? StepProof.WhyNotBetween(step.Handle, record, file.Handle);
        if (file.View.IsOld || _files.ContainsKey(record))
        {
            reason = "another undo file claims the same file";
        }

        if (reason is not null)
        {
            throw UndoError.NotProven(file.Handle.Path, step.Path, reason);
        }

        _files.Add(record, file);
        file.View.Show(step, record);
    }

    public void Dispose() => step.Dispose();
}
