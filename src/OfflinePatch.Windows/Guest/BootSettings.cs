using OfflinePatch.Registry.Bcd;

namespace OfflinePatch.Windows.Guest;

/// <summary>Effective settings of boot entries, with those that an entry inherits.</summary>
public static class BootSettings
{
    private const uint InheritElement = 0x14000006;
    private const uint WinPeElement = 0x26000022;
    private const uint SafeBootElement = 0x25000080;
    private const uint TestSigningElement = 0x16000049;

    extension(BcdStore store)
    {
        /// <summary>
        /// A setting as it takes effect: of the entry itself, else of the first of the objects that it inherits from ({bootloadersettings},
        /// {globalsettings}), and of those that they inherit from. Null when none has it.
        /// </summary>
        public BcdElement? Effective(BcdObject entry, uint element)
        {
            var seen = new HashSet<Guid>();
            var pending = new Queue<BcdObject>([entry]);
            while (pending.TryDequeue(out var next))
            {
                if (!seen.Add(next.Id))
                {
                    continue;
                }

                if (next.Find(element) is { } found)
                {
                    return found;
                }

                foreach (var parent in (next.Find(InheritElement)?.Objects ?? []).Select(store.Find).OfType<BcdObject>())
                {
                    pending.Enqueue(parent);
                }
            }

            return null;
        }

        /// <summary>Whether an entry starts Windows in safe mode, by a setting of its own or an inherited one.</summary>
        public bool StartsInSafeMode(BcdObject entry) => store.Effective(entry, SafeBootElement) is not null;

        /// <summary>Whether the default entry lets the kernel load test-signed drivers (<c>testsigning</c>).</summary>
        public bool HasTestSigning => store.DefaultLoader is { } loader && store.Effective(loader, TestSigningElement)?.Boolean is true;

        /// <summary>Whether an entry starts a setup or recovery environment, by a setting of its own or an inherited one.</summary>
        public bool StartsWinPe(BcdObject entry) => store.Effective(entry, WinPeElement)?.Boolean is true;
    }
}
