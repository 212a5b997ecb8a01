using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Podflare.Extensions.AI.Interpreter;

/// <summary>
/// Converts the contents of one turn: for the caller, calls of the function are calls of a code interpreter; for the model, those of earlier turns are
/// calls of the function.
/// </summary>
/// <param name="sandboxId">The ID of the conversation's sandbox, which is noted in results; null if there is none.</param>
internal sealed class InterpreterContents(string functionName, Func<string?> sandboxId)
{
    public const string PythonType = "text/x-python";

    // What marks contents as ours: the model's own service may have a code interpreter, too.
    private const string FunctionProperty = "podflare.function";
    private const string SandboxProperty = "podflare.sandbox_id";

    private readonly HashSet<string> _calls = new(StringComparer.Ordinal);

    /// <summary>The sandbox of the last result in a history; null if it has none.</summary>
    public static string? SandboxOf(IEnumerable<ChatMessage> history) =>
        history.SelectMany(message => message.Contents).OfType<CodeInterpreterToolResultContent>().Select(result => Text(result, SandboxProperty)).LastOrDefault(id => id is not null);

    public IEnumerable<ChatMessage> ForModel(IEnumerable<ChatMessage> messages)
    {
        var converted = new List<ChatMessage>();
        foreach (var message in messages)
        {
            foreach (var call in message.Contents.OfType<ToolApprovalResponseContent>().Select(approval => approval.ToolCall).OfType<FunctionCallContent>()) Note(call);
            converted.Add(Convert(message, ForModel));
        }

        return converted;
    }

    public ChatMessage ForCaller(ChatMessage message) => Convert(message, ForCaller);

    public ChatResponseUpdate ForCaller(ChatResponseUpdate update)
    {
        if (Convert(update.Contents, ForCaller) is not { } contents) return update;
        // The function-invoking client keeps the update that it returned, and would not find its calls in a changed one.
        var clone = update.Clone();
        clone.Contents = contents;
        return clone;
    }

    private static AIContent ForModel(AIContent content) => content switch
    {
        CodeInterpreterToolCallContent call when Text(call, FunctionProperty) is { } name =>
            new FunctionCallContent(call.CallId, name, new Dictionary<string, object?> { [ExecuteCodeFunction.CodeParameter] = CodeOf(call) }),
        CodeInterpreterToolResultContent result when Text(result, FunctionProperty) is not null => new FunctionResultContent(result.CallId, ResultOf(result)),
        _ => content,
    };

    private static string CodeOf(CodeInterpreterToolCallContent call) =>
        call.Inputs?.OfType<DataContent>().FirstOrDefault(input => input.HasTopLevelMediaType("text")) is { } code ? Encoding.UTF8.GetString(code.Data.Span) : "";

    private static object ResultOf(CodeInterpreterToolResultContent result) => result.Outputs switch
    {
        [TextContent text] => text.Text,
        { } outputs => outputs.ToList(),
        null => "",
    };

    private static ChatMessage Convert(ChatMessage message, Func<AIContent, AIContent> convert)
    {
        if (Convert(message.Contents, convert) is not { } contents) return message;
        var clone = message.Clone();
        clone.Contents = contents;
        return clone;
    }

    /// <summary>The converted contents; null if nothing changes.</summary>
    private static List<AIContent>? Convert(IList<AIContent> contents, Func<AIContent, AIContent> convert)
    {
        var converted = contents.Select(convert).ToList();
        return converted.SequenceEqual(contents, ReferenceEqualityComparer.Instance) ? null : converted;
    }

    // After a history was stored as JSON, its properties are JSON.
    private static string? Text(AIContent content, string property) => content.AdditionalProperties?.GetValueOrDefault(property) switch
    {
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } json => json.GetString(),
        _ => null,
    };

    private AIContent ForCaller(AIContent content) => content switch
    {
        FunctionCallContent call when Note(call) is { } code => new CodeInterpreterToolCallContent(call.CallId)
        {
            Inputs = [new DataContent(Encoding.UTF8.GetBytes(code), PythonType)],
            AdditionalProperties = new() { [FunctionProperty] = functionName },
        },
        FunctionResultContent result when _calls.Contains(result.CallId) => new CodeInterpreterToolResultContent(result.CallId)
        {
            Outputs = OutputsOf(result),
            AdditionalProperties = sandboxId() is { } id ? new() { [FunctionProperty] = functionName, [SandboxProperty] = id } : new() { [FunctionProperty] = functionName },
        },
        _ => content,
    };

    private static List<AIContent> OutputsOf(FunctionResultContent result) => result.Result switch
    {
        IEnumerable<AIContent> contents => [.. contents],
        { } other => [new TextContent(other.ToString())],
        null => [],
    };

    /// <summary>The code of a call of the function; null for other calls and for those without code, which fail.</summary>
    private string? Note(FunctionCallContent call)
    {
        if (call.Name != functionName || ExecuteCodeFunction.CodeOf(call.Arguments) is not { } code) return null;
        _calls.Add(call.CallId);
        return code;
    }
}
