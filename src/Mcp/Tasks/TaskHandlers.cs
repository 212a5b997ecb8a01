using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Podflare.Mcp;

/// <summary>The Tasks extension. A task is a run, and its id names both sandbox and run, so nothing is kept here and any server answers.</summary>
internal sealed class TaskHandlers(ISandboxOperations operations, RunCalls runs, McpSettings settings, TimeProvider time)
{
    public const string Extension = "io.modelcontextprotocol/tasks";

    private const string TaskId = "taskId";

    public IList<McpServerRequestHandler> All =>
    [
        new() { Method = "tasks/get", RoutingNameParameter = TaskId, Handler = async (request, token) => await GetAsync(request.JsonRpcRequest, token) },
        new() { Method = "tasks/cancel", RoutingNameParameter = TaskId, Handler = async (request, token) => await CancelAsync(request.JsonRpcRequest, token) },
        new() { Method = "tasks/update", RoutingNameParameter = TaskId, Handler = async (request, token) => await UpdateAsync(request.JsonRpcRequest, token) },
    ];

    /// <summary>Answers a call of a run that takes long with a task, for clients that know tasks.</summary>
    public async ValueTask<ResultOrAlternate<CallToolResult>> CallToolAsync(RunTool tool, RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        try
        {
            var report = await tool.RunAsync(new ToolCall(request, settings), cancellationToken);
            if (report.Output.End is not null) return RunToolResult.Create(report, settings);
            var now = Time(time.GetUtcNow());
            return ResultOrAlternate<CallToolResult>.FromAlternate(
                new CreatedTask
                {
                    ResultType = "task",
                    TaskId = $"{report.SandboxId}:{report.RunId}",
                    Status = "working",
                    CreatedAt = now,
                    LastUpdatedAt = now,
                    TtlMs = RetentionMilliseconds,
                    PollIntervalMs = PollMilliseconds,
                },
                TaskJson.Default.CreatedTask);
        }
        catch (RefusedException e)
        {
            return SandboxTool.Refusal(e);
        }
    }

    private long? RetentionMilliseconds => (long?)settings.RunRetention?.TotalMilliseconds;

    private long PollMilliseconds => (long)settings.TaskPollInterval.TotalMilliseconds;

    private async Task<JsonNode?> GetAsync(JsonRpcRequest request, CancellationToken cancellationToken)
    {
        var (sandbox, run) = Parse(request);
        var task = new JsonObject { ["resultType"] = "complete", [TaskId] = $"{sandbox}:{run}" };
        RunStatus status;
        try
        {
            status = await operations.GetRunAsync(sandbox, run, cancellationToken);
        }
        catch (RefusedException e) when (e.Code is "sandbox_ended" or "sandbox_lost")
        {
            var now = Time(time.GetUtcNow());
            return Complete(task, "failed", now, now, "error", new JsonObject { ["code"] = (int)McpErrorCode.InternalError, ["message"] = e.Text });
        }
        catch (RefusedException e) when (IsUnknown(e))
        {
            throw Unknown();
        }
        catch (RefusedException e)
        {
            throw new McpProtocolException(e.Text, McpErrorCode.InternalError);
        }

        var (created, updated) = (Time(status.CreatedAt), Time(status.EndedAt ?? status.CreatedAt));
        if (!status.HasEnded) return Complete(task, "working", created, updated);
        if (status.Reason is "interrupted") return Complete(task, "cancelled", created, updated);
        if (status.Reason is "lost")
            return Complete(task, "failed", created, updated, "error", new JsonObject { ["code"] = (int)McpErrorCode.InternalError, ["message"] = "sandbox_lost: the sandbox was lost with its host" });
        return Complete(task, "completed", created, updated, "result", await ResultAsync(sandbox, run, cancellationToken));
    }

    private async Task<JsonNode> ResultAsync(string sandbox, string run, CancellationToken cancellationToken)
    {
        CallToolResult result;
        try
        {
            result = RunToolResult.Create(await runs.ReadAsync(sandbox, run, 0, settings.MaxWait, null, cancellationToken), settings);
        }
        catch (RefusedException e)
        {
            result = SandboxTool.Refusal(e);
        }

        result.ResultType = "complete";
        return JsonSerializer.SerializeToNode(result, (JsonTypeInfo<CallToolResult>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(CallToolResult)))!;
    }

    private async Task<JsonNode?> CancelAsync(JsonRpcRequest request, CancellationToken cancellationToken)
    {
        var (sandbox, run) = Parse(request);
        try
        {
            // Succeeds after the end, too.
            await operations.InterruptRunAsync(sandbox, run, cancellationToken);
        }
        catch (RefusedException e) when (e.Code is "sandbox_ended" or "sandbox_lost")
        {
            // There is nothing left to cancel.
        }
        catch (RefusedException e)
        {
            throw IsUnknown(e) ? Unknown() : new McpProtocolException(e.Text, McpErrorCode.InternalError);
        }

        return new JsonObject { ["resultType"] = "complete" };
    }

    private async Task<JsonNode?> UpdateAsync(JsonRpcRequest request, CancellationToken cancellationToken)
    {
        var (sandbox, run) = Parse(request);
        try
        {
            await operations.GetRunAsync(sandbox, run, cancellationToken);
        }
        catch (RefusedException e) when (e.Code is not ("sandbox_ended" or "sandbox_lost"))
        {
            throw IsUnknown(e) ? Unknown() : new McpProtocolException(e.Text, McpErrorCode.InternalError);
        }
        catch (RefusedException)
        {
            // Acknowledged, as after the end of the run.
        }

        return new JsonObject { ["resultType"] = "complete" };
    }

    private JsonObject Complete(JsonObject task, string status, string created, string updated, string? field = null, JsonNode? value = null)
    {
        task["status"] = status;
        task["createdAt"] = created;
        task["lastUpdatedAt"] = updated;
        task["ttlMs"] = RetentionMilliseconds;
        task["pollIntervalMs"] = PollMilliseconds;
        if (field is not null) task[field] = value;
        return task;
    }

    private static (string Sandbox, string Run) Parse(JsonRpcRequest request)
    {
        if (!IsDeclared(request))
            throw new MissingRequiredClientCapabilityException(new ClientCapabilities { Extensions = new Dictionary<string, object> { [Extension] = new JsonObject() } });
        return request.Params?[TaskId] is JsonValue value && value.TryGetValue<string>(out var id) && id.Split(':') is [{ Length: > 0 } sandbox, { Length: > 0 } run] ? (sandbox, run) : throw Unknown();
    }

    /// <summary>Whether the client of a request knows tasks.</summary>
    public static bool IsDeclared(JsonRpcRequest request) => request.Context?.ClientCapabilities?.Extensions?.ContainsKey(Extension) is true;

    private static bool IsUnknown(RefusedException e) => e.Code is "sandbox_not_found" or "run_not_found";

    // The same for the tasks of others, so that nobody learns which exist.
    private static McpProtocolException Unknown() => new("there is no such task", McpErrorCode.InvalidParams);

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}

/// <summary>The answer to a call that has become a task.</summary>
internal sealed class CreatedTask : Result
{
    [JsonPropertyName("taskId")]
    public string TaskId { get; set; } = "";

    [JsonPropertyName("status")]
    public string Status { get; set; } = "";

    [JsonPropertyName("createdAt")]
    public string CreatedAt { get; set; } = "";

    [JsonPropertyName("lastUpdatedAt")]
    public string LastUpdatedAt { get; set; } = "";

    [JsonPropertyName("ttlMs")]
    public long? TtlMs { get; set; }

    [JsonPropertyName("pollIntervalMs")]
    public long PollIntervalMs { get; set; }
}

[JsonSerializable(typeof(CreatedTask))]
internal sealed partial class TaskJson : JsonSerializerContext;
