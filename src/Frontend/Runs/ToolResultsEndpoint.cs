using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>Answers the calls of tools that the code of a run has made.</summary>
internal static class ToolResultsEndpoint
{
    /// <summary>Each answer stands for itself. Where none is accepted, the first says what is wrong.</summary>
    public static async Task<JsonHttpResult<ToolResultsJson>> PostAsync(
        HttpContext context, SandboxId id, RunId run, Caller caller, IGrainFactory grains, JsonRequestHandler requests, IOptions<ToolOptions> limits)
    {
        var (answers, outcomes) = await requests.HandleAsync(context, utf8 => ToolResultsRequest.Parse(utf8, limits.Value), async (answers, token) =>
            (answers, await grains.GetGrain<ISandboxGrain>(id.Value).AnswerToolCalls(caller.Tenant, run, answers, token)));
        if (!outcomes.Contains(ToolAnswerOutcome.Accepted)) throw outcomes[0] is ToolAnswerOutcome.NotFound ? new ToolCallNotFoundException() : new ToolCallClosedException();
        var all = answers.Zip(outcomes).ToArray();
        ToolRefusalJson[] refused = [.. all.Where(pair => pair.Second is not ToolAnswerOutcome.Accepted).Select(pair => new ToolRefusalJson(pair.First.CallId, CodeOf(pair.Second)))];
        return TypedResults.Json(
            new ToolResultsJson([.. all.Where(pair => pair.Second is ToolAnswerOutcome.Accepted).Select(pair => pair.First.CallId)], refused is [] ? null : refused),
            RunJsonContext.Default.ToolResultsJson);
    }

    private static string CodeOf(ToolAnswerOutcome outcome) => outcome is ToolAnswerOutcome.NotFound ? "tool_call_not_found" : "tool_call_closed";
}

/// <summary>What became of the answers.</summary>
/// <param name="Accepted">Ids of the calls that have an answer now.</param>
/// <param name="Refused">The others; absent for none.</param>
internal sealed record ToolResultsJson(IReadOnlyList<string> Accepted, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<ToolRefusalJson>? Refused);

/// <param name="Code"><c>tool_call_not_found</c> or <c>tool_call_closed</c>.</param>
internal sealed record ToolRefusalJson(string CallId, string Code);
