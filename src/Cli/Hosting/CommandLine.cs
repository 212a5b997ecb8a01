using System.CommandLine;
using Podflare.Cli.Completions;
using Podflare.Cli.Doctor;
using Podflare.Cli.Runs;
using Podflare.Cli.Sandboxes;
using Podflare.Cli.Status;

namespace Podflare.Cli.Hosting;

/// <summary>The command line as a table of contents.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        var parsed = Build().Parse(arguments);
        // Signals are ours: a first one interrupts the run, which takes longer than the library would wait.
        var configuration = new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
        var code = await parsed.InvokeAsync(configuration);
        return parsed.Errors.Count > 0 ? ExitCodes.Usage : code;
    }

    public static RootCommand Build()
    {
        var global = new GlobalOptions();
        var root = new RootCommand("Runs code in Podflare sandboxes, looks after them, and finds out what is wrong.")
        {
            // Top-level commands. A new one comes with a folder of its own and takes the global options.
            RunCommand.Create(global),
            SandboxCommands.Create(global),
            DoctorCommand.Create(global),
            StatusCommand.Create(global),
            IncidentCommand.Create(global),
            MaintenanceCommand.Create(global),
            CompletionCommand.Create(),
        };
        global.AddTo(root);
        return root;
    }
}
