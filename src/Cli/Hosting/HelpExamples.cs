using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace Podflare.Cli.Hosting;

/// <summary>Writes the examples of a command behind its help.</summary>
internal sealed class HelpExamples(SynchronousCommandLineAction help) : SynchronousCommandLineAction
{
    private static readonly ConditionalWeakTable<Command, (string Purpose, string Line)[]> Examples = [];

    public static void Add(Command command, (string Purpose, string Line)[] examples) => Examples.Add(command, examples);

    /// <summary>Replaces the help action of the command line.</summary>
    public static void Install(RootCommand root)
    {
        foreach (var option in root.Options.OfType<HelpOption>())
        {
            if (option.Action is SynchronousCommandLineAction action) option.Action = new HelpExamples(action);
        }
    }

    // Help is for people who got the arguments wrong.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var code = help.Invoke(parseResult);
        if (!Examples.TryGetValue(parseResult.CommandResult.Command, out var examples)) return code;
        var to = parseResult.InvocationConfiguration.Output;
        to.WriteLine("Examples:");
        foreach (var (purpose, line) in examples) to.WriteLine($"  # {purpose}\n  {line}");
        to.WriteLine();
        return code;
    }
}
