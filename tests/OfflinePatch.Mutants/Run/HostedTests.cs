using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace OfflinePatch.Mutants.Run;

/// <summary>The tests of an assembly in this process, each to be run alone, as often as wanted.</summary>
[SuppressMessage("Design", "CA1001", Justification = "it lives as long as its process")]
internal sealed class HostedTests
{
    private readonly XunitTestFramework _framework = new(new Sink(_ => { }));
    private readonly AssemblyName _name;
    private readonly Dictionary<string, IXunitTestCase> _cases = new(StringComparer.Ordinal);

    public HostedTests(Assembly assembly)
    {
        _name = assembly.GetName();
        using var discoverer = _framework.GetDiscoverer(Reflector.Wrap(assembly));
        using var done = new ManualResetEventSlim();
        discoverer.Find(includeSourceInformation: false, new Sink(message =>
        {
            if (message is ITestCaseDiscoveryMessage { TestCase: IXunitTestCase found })
            {
                _cases.TryAdd(found.UniqueID, found);
            }
            else if (message is IDiscoveryCompleteMessage)
            {
                done.Set();
            }
        }), new Options());
        done.Wait();
    }

    /// <summary>The tests that are no long ones, with their names.</summary>
    public IEnumerable<(string Id, string Class, string Name)> Fast => _cases.Values
        .Where(c => !(c.Traits.TryGetValue("speed", out var speed) && speed.Contains("slow", StringComparer.Ordinal)))
        .Select(c => (c.UniqueID, c.TestMethod.TestClass.Class.Name, c.DisplayName));

    /// <summary>Runs one test.</summary>
    public Outcome Run(string id)
    {
        var (failure, isSkipped) = ((string?)null, false);
        using var done = new ManualResetEventSlim();
        using var executor = _framework.GetExecutor(_name);
        ((XunitTestFrameworkExecutor)executor).RunTests([_cases[id]], new Sink(message =>
        {
            switch (message)
            {
                case ITestSkipped:
                    isSkipped = true;
                    break;
                case ITestFailed or IErrorMessage or ITestCleanupFailure:
                    failure ??= string.Join(' ', ((IFailureInformation)message).Messages);
                    break;
                case ITestAssemblyFinished:
                    done.Set();
                    break;
            }
        }), new Options());
        done.Wait();
        return new Outcome(failure, isSkipped);
    }

    /// <summary>How a test ended.</summary>
    /// <param name="Failure">Why it failed, or null.</param>
    /// <param name="IsSkipped">Whether it did not run.</param>
    internal readonly record struct Outcome(string? Failure, bool IsSkipped);

    private sealed class Sink(Action<IMessageSinkMessage> receive) : IMessageSink
    {
        public bool OnMessage(IMessageSinkMessage message)
        {
            receive(message);
            return true;
        }
    }

    /// <summary>One test at a time.</summary>
    private sealed class Options : ITestFrameworkDiscoveryOptions, ITestFrameworkExecutionOptions
    {
        private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal)
        {
            ["xunit.execution.DisableParallelization"] = true,
            ["xunit.execution.SynchronousMessageReporting"] = true,
        };

        public TValue GetValue<TValue>(string name) => _values.TryGetValue(name, out var value) ? (TValue)value! : default!;

        public void SetValue<TValue>(string name, TValue value) => _values[name] = value;
    }
}
