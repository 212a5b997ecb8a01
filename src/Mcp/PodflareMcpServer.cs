using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Podflare.Mcp;

/// <summary>The tools and rules of the MCP server, for every transport.</summary>
public sealed class PodflareMcpServer
{
    private const string Instructions =
        "Pass the sandbox_id of the last result to the next call, so that it runs in the same sandbox. "
        + "Variables, imports and files persist in a sandbox until it ends. "
        + "run_python returns the value of the last expression, as a notebook does, so printing it is not needed. "
        + "When a result says that a run is still running, call read_run to wait for it and to read its further output. "
        + "Call delete_sandbox when you no longer need a sandbox.";

    // Clients and proxies may keep the list, which is the same for everybody.
    private static readonly TimeSpan ListLifetime = TimeSpan.FromMinutes(5);

    private readonly McpSettings _settings;
    private readonly TaskHandlers _tasks;
    private readonly McpServerPrimitiveCollection<McpServerTool> _tools = [];

    public PodflareMcpServer(ISandboxOperations operations, McpSettings settings, TimeProvider time)
    {
        var runs = new RunCalls(operations, settings, time);
        (_settings, _tasks) = (settings, new TaskHandlers(operations, runs, settings, time));
        SandboxTool[] tools =
        [
            new CreateSandboxTool(operations, settings), new ListSandboxesTool(operations, settings), new DeleteSandboxTool(operations, settings),
            new RunPythonTool(runs, settings), new RunBashTool(runs, settings), new ReadRunTool(runs, settings), new InterruptRunTool(operations, settings),
            new ReadFileTool(operations, settings), new WriteFileTool(operations, settings), new ListFilesTool(operations, settings),
        ];
        foreach (var tool in tools) _tools.Add(tool);
    }

    /// <summary>Sets everything but the transport. Cheap, because a stateless transport does it for each request.</summary>
    public void Configure(McpServerOptions options)
    {
        options.ServerInfo = new Implementation { Name = "podflare", Title = "Podflare", Version = _settings.Version };
        options.ServerInstructions = Instructions;
        options.Capabilities = new ServerCapabilities { Extensions = new Dictionary<string, object> { [TaskHandlers.Extension] = new JsonObject() } };
        options.ToolCollection = _tools;
        options.RequestHandlers = _tasks.All;
        options.Filters.Request.CallToolWithAlternateFilters.Add((request, next, cancellationToken) =>
            TaskHandlers.IsDeclared(request.JsonRpcRequest) && request.Params?.Name is { } name && _tools.TryGetPrimitive(name, out var tool) && tool is RunTool run
                ? _tasks.CallToolAsync(run, request, cancellationToken)
                : next(request, cancellationToken));
        options.Filters.Request.ListToolsFilters.Add(static next => async (request, cancellationToken) =>
        {
            var list = await next(request, cancellationToken);
            list.Tools = [.. list.Tools.OrderBy(tool => tool.Name, StringComparer.Ordinal)];
            (list.TimeToLive, list.CacheScope) = (ListLifetime, CacheScope.Public);
            return list;
        });
    }
}
