using System.CommandLine;
using System.CommandLine.Invocation;
using Podflare.Cli.Audit;
using Podflare.Cli.Completions;
using Podflare.Cli.Configuration;
using Podflare.Cli.Doctor;
using Podflare.Cli.Feed;
using Podflare.Cli.Keys;
using Podflare.Cli.Mcp;
using Podflare.Cli.Runs;
using Podflare.Cli.Sandboxes;
using Podflare.Cli.Status;
using Podflare.Cli.Telemetry;
using Podflare.Cli.Templates;
using Podflare.Cli.Tenants;
using Podflare.Cli.Terminals;
using Podflare.Cli.Usage;
using Podflare.Cli.Webhooks;

namespace Podflare.Cli.Hosting;

/// <summary>The commands and the way that they are invoked.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        var dashes = Array.IndexOf(arguments, "--");
        var global = new GlobalOptions { WordsAfterDoubleDash = dashes < 0 ? null : arguments.Length - dashes - 1 };
        // Without response files: code that begins with @ is code, and options that accept @FILE read it themselves.
        var parsed = Build(global).Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction || (parsed.Action == parsed.CommandResult.Command.Action && UsageErrors.MistypedOption(parsed, global) is not null))
            return UsageErrors.Write(parsed, global);
        // Signals are handled by Interruption: the first one interrupts the run, which takes longer than the library would wait.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }

    private static RootCommand Build(GlobalOptions global)
    {
        var root = new RootCommand("Run code in Podflare sandboxes and manage them.")
        {
            // Top-level commands. Each has a folder of its own and receives the global options.
            RunCommand.Create(global),
            SandboxCommands.Create(global),
            ShellCommand.Create(global),
            TemplateCommands.Create(global),
            KeyCommands.Create(global),
            TenantCommands.Create(global),
            UsageCommand.Create(global),
            AuditCommands.Create(global),
            HistoryCommand.Create(global, "logs").Hide(),
            EventsCommand.Create(global),
            WebhookCommands.Create(global),
            McpCommand.Create(global),
            TraceCommand.Create(global),
            TelemetryCommands.Create(global),
            DoctorCommand.Create(global),
            ConfigCommands.Create(global),
            StatusCommand.Create(global),
            IncidentCommand.Create(global),
            MaintenanceCommand.Create(global),
            CompletionCommand.Create(),
        };
        global.AddTo(root);
        root.WithExamples(
            ("Run code in a new sandbox", "podflare run -c 'print(6 * 7)'"),
            ("Keep a sandbox and use it again", "ID=$(podflare sandbox create); podflare sandbox exec $ID script.py"),
            ("Find out why something does not work", "podflare doctor"));
        HelpExamples.Install(root);
        return root;
    }
}
