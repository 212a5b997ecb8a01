using System.CommandLine;
using ModelContextProtocol.Server;
using Podflare.Cli.Hosting;
using Podflare.Mcp;

namespace Podflare.Cli.Mcp;

/// <summary><c>podflare mcp</c>: an MCP server on standard input and output, for clients that start a program.</summary>
internal static class McpCommand
{
    private const string ServerName = "podflare";

    public static Command Create(GlobalOptions global)
    {
        var sandbox = new Option<string?>("--sandbox") { Description = "Sandbox of calls that name none [default: a new one]", HelpName = "id" };
        sandbox.Validators.Add(result => Validation.RejectAddress(result, "a sandbox ID"));
        var command = new Command("mcp", "Serve the Model Context Protocol on stdin and stdout, for AI assistants on this machine") { sandbox };
        return command.WithAction(global, async context =>
        {
            // Standard output belongs to the protocol, so nothing else is written there.
            using var client = context.CreateClient(static _ => { }, logs: false);
            var settings = new McpSettings { Version = typeof(McpCommand).Assembly.GetName().Version!.ToString(3), DefaultSandbox = context.Value(sandbox) };
            var options = new McpServerOptions();
            new PodflareMcpServer(new ClientOperations(client), settings, context.Time).Configure(options);
            await using var transport = new StdioServerTransport(ServerName);
            await using var server = McpServer.Create(transport, options);
            await server.RunAsync(context.Interruption.Token);
            return 0;
        }).WithExamples(
            ("Serve the sandboxes of a server; a client's configuration names this command", "PODFLARE_HOSTD_URL=https://podflare.example.com podflare mcp"),
            ("Run everything in one sandbox", "podflare mcp --sandbox sbx_…"));
    }
}
