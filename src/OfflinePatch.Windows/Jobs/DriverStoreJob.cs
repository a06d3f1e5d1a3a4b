using OfflinePatch.Core;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Jobs;

/// <summary>The driver store of an image: lists, adds and removes packages. Each change is one transaction.</summary>
/// <remarks>Different images may be worked on in parallel.</remarks>
public static class DriverStoreJob
{
    /// <summary>The packages of others that an image has.</summary>
    /// <param name="path">The image.</param>
    /// <param name="open">How it is opened.</param>
    /// <exception cref="CorruptImageException">The image is damaged.</exception>
    /// <exception cref="UnsupportedImageException">The image is of no known kind, or <c>WIN-0001</c>: it holds no Windows.</exception>
    /// <exception cref="RefusedException">An option is required.</exception>
    /// <exception cref="IOException">The host failed.</exception>
    public static DriverStoreReport List(string path, EditOptions open)
    {
        using var edit = ImageEdit.OpenToRead(path, open);
        return List(edit);
    }

    /// <summary>The packages of others that an opened image has.</summary>
    /// <exception cref="UnsupportedImageException"><c>WIN-0001</c>: it holds no Windows.</exception>
    public static DriverStoreReport List(ImageEdit edit)
    {
        var system = edit.RequireWindows();
        return new DriverStoreReport(edit.ImagePath, DriverTarget.Of(system).ToString(),
            DriverStoreListing.Describe(system, DriverManifest.Embedded));
    }

    /// <summary>
    /// Puts driver packages into an image, as <c>dism /add-driver</c> does: every package of the sources that serves a device on this
    /// Windows. Of several packages of one driver of a known family the best one for this Windows is taken. A package that is there already
    /// stays as it is.
    /// </summary>
    /// <param name="path">The image.</param>
    /// <param name="open">How it is opened.</param>
    /// <param name="request">The packages.</param>
    /// <param name="cancellation">Looked at until the first byte is written.</param>
    /// <returns>What was done with each package. Where one is refused, nothing was written, unless the request says otherwise.</returns>
    /// <exception cref="CorruptImageException">The image, or the result, is damaged. Nothing was written.</exception>
    /// <exception cref="UnsupportedImageException">The image or a source is of no known kind. Nothing was written.</exception>
    /// <exception cref="RefusedException"><c>JOB-0015</c>: a gate refuses the image; or an option is required. Nothing was
    /// written.</exception>
    /// <exception cref="IOException">The host failed; the image is unchanged or rolled back.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. Nothing was written.</exception>
    public static DriverChangeReport Add(string path, EditOptions open, DriverAddRequest request, CancellationToken cancellation = default)
    {
        using var sources = DriverAddSources.Open(request);
        while (true)
        {
            using var edit = ImageEdit.OpenToChange(path, open, request.DryRun);
            var context = ContextOf(edit, sources.Rules, request.TrustedRootPaths, request.AllowUnsigned, cancellation);
            if (new DriverAddition(context, sources, cancellation).Run() is not { } packages)
            {
                continue; // a package failed halfway: everything is dropped, and done again without it
            }

            var isRefused = packages.Any(p => p.Outcome == DriverAddOutcome.Refused)
                && (!request.SkipRefused || !packages.Any(p => p.Outcome is DriverAddOutcome.Staged or DriverAddOutcome.Present));
            if (isRefused)
            {
                // Nothing is written: what would have been staged is not.
                return new DriverChangeReport(
                    default, new ChangesReport(0, 0, 0, 0), IsRefused: true,
                    [.. packages.Select(p => p.Outcome == DriverAddOutcome.Staged
                        ? p with
                        {
                            Outcome = DriverAddOutcome.Skipped,
                            PublishedName = null,
                            PackageName = null,
                            Code = null,
                            Reason = "Another package is refused, so nothing is staged.",
                        }
                        : p)],
                    []);
            }

            return Finish(edit, packages, [], cancellation);
        }
    }

    /// <summary>Takes driver packages out of an image, as <c>pnputil /delete-driver</c> does.</summary>
    /// <param name="path">The image.</param>
    /// <param name="open">How it is opened.</param>
    /// <param name="request">The packages.</param>
    /// <param name="cancellation">Looked at until the first byte is written.</param>
    /// <exception cref="CorruptImageException">The image, or the result, is damaged. Nothing was written.</exception>
    /// <exception cref="UnsupportedImageException">The image is of no known kind; <c>STG-0012</c>: Windows 7 installed a package itself.
    /// Nothing was written.</exception>
    /// <exception cref="RefusedException">
    /// <c>STG-0010</c>: there is no such package; <c>STG-0011</c>: a device runs with it; <c>JOB-0015</c>: a gate refuses the image.
    /// Nothing was written.
    /// </exception>
    /// <exception cref="IOException">The host failed; the image is unchanged or rolled back.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. Nothing was written.</exception>
    public static DriverChangeReport Remove(string path, EditOptions open, DriverRemoveRequest request,
        CancellationToken cancellation = default)
    {
        using var edit = ImageEdit.OpenToChange(path, open, request.DryRun);
        using var sources = new RuleSources();
        var context = ContextOf(edit, sources, [], allowUnsigned: true, cancellation);
        var system = context.Windows;
        var target = DriverTarget.Of(system);
        var devices = DriverUse.Devices(system);
        var removed = new List<DriverStorePackage>();
        foreach (var name in request.Names.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            var staged = GuestDriverStore.Inspect(system);
            var wanted =
                staged
                    .Where(s => s.PublishedName.Equals(name, StringComparison.OrdinalIgnoreCase)
                        || (s.PublishedName.Length == 0 && s.InfName.Equals(name, StringComparison.OrdinalIgnoreCase)))
                .ToList();
            if (wanted.Count == 0)
            {
                throw DriverStoreError.NoPackage(name, staged.Count == 0 ? "none of others than Microsoft"
                    : string.Join(", ", staged.Select(s => s.PublishedName.Length > 0 ? s.PublishedName : s.InfName)
                        .Distinct(StringComparer.OrdinalIgnoreCase).Take(20)));
            }

            foreach (var driver in wanted.OrderBy(d => d.IsActive)) // the one that is used goes last, with what is shared
            {
                removed.Add(DriverStoreListing.Describe(system, driver, target,
                    devices.GetValueOrDefault(driver.PublishedName.ToLowerInvariant()) ?? []));
                GuestDriverStore.Remove(system, driver, context.Staging, request.Force);
            }
        }

        return Finish(edit, [], removed, cancellation);
    }

    private static DriverChangeReport Finish(ImageEdit edit, IReadOnlyList<DriverAddReport> packages,
        IReadOnlyList<DriverStorePackage> removed, CancellationToken cancellation)
    {
        var result = edit.Commit(cancellation);
        return new DriverChangeReport(result, ChangesReport.Of(edit.Machine.Changes) with { BytesWritten = result.BytesWritten },
            IsRefused: false, packages, removed);
    }

    private static RuleContext ContextOf(ImageEdit edit, RuleSources sources, IReadOnlyList<string> trustedRoots, bool allowUnsigned,
        CancellationToken cancellation)
    {
        var context = new RuleContext
        {
            Machine = edit.Machine,
            Request = new RuleRequest { AllowUnsigned = allowUnsigned, TrustedRootPaths = trustedRoots },
            Sources = sources,
            Cancellation = cancellation,
        };
        RuleRunner.RequireGates(edit.Session, context);
        return context;
    }
}
