using System.Text;
using System.Text.Json;
using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Runs;

/// <summary>Parses the body of a request to answer calls of tools. Nothing is passed on unless all of it is right, so that the calls stay open.</summary>
internal static class ToolResultsRequest
{
    /// <exception cref="ProblemException">400 that names each field, or 413 for an answer that is too large.</exception>
    public static ToolAnswer[] Parse(ReadOnlySpan<byte> utf8, ToolOptions limits) => JsonFieldReader.Read(utf8, (fields, errors) =>
    {
        List<ToolAnswer>? answers = null;
        while (fields.Next())
        {
            if (fields.Is("results")) answers = ReadAll(ref fields, limits);
            else fields.Skip();
        }

        if (answers is null && !errors.Any) errors.Add("results", "must be given");
        errors.ThrowIfAny();
        if (answers!.Find(answer => answer.Content.Length > limits.MaxBytes) is { } tooLarge)
            throw new ProblemException(new Problem(413, "code_too_large", $"the answer to {tooLarge.CallId} is larger than the limit of {limits.MaxBytes} bytes; the call is still open"));
        return answers.ToArray();
    });

    private static List<ToolAnswer>? ReadAll(ref JsonFieldReader fields, ToolOptions limits)
    {
        if (!fields.Enter(JsonTokenType.StartArray, "must be a list of results")) return null;
        var answers = new List<ToolAnswer>();
        var index = 0;
        for (; fields.Read() is var token && token != JsonTokenType.EndArray; index++)
        {
            var item = $"{fields.Field}[{index}]";
            if (token != JsonTokenType.StartObject)
            {
                fields.Errors.Add(item, "must be an object");
                fields.Skip();
            }
            else if (ReadOne(ref fields, item) is { } answer && answers.Count < limits.MaxOpen)
            {
                answers.Add(answer);
            }
        }

        if (index == 0 || index > limits.MaxOpen) fields.Errors.Add(fields.Field, $"must have 1 to {limits.MaxOpen} items");
        return answers;
    }

    private static ToolAnswer? ReadOne(ref JsonFieldReader fields, string item)
    {
        string? id = null, message = null;
        byte[]? content = null;
        var hasError = false;
        var before = fields.Errors.All.Count;
        while (fields.Read() == JsonTokenType.PropertyName)
        {
            var field = fields.TryGetString(item, out var key) ? key : "";
            var token = fields.Read();
            if (field == "call_id") id = ToolFields.TextOf(ref fields, token, $"{item}.call_id");
            // A null is a value that a tool may return.
            else if (field == "content") content = fields.Raw();
            else if (field == "error" && token == JsonTokenType.StartObject) (hasError, message) = (true, ReadMessage(ref fields, $"{item}.error"));
            else
            {
                if (field == "error" && token != JsonTokenType.Null) fields.Errors.Add($"{item}.error", "must be an object with a message");
                fields.Skip();
            }
        }

        if (string.IsNullOrEmpty(id)) fields.Errors.Add($"{item}.call_id", "must be given");
        if (hasError == content is not null) fields.Errors.Add($"{item}.content", hasError ? "must not be given together with error" : "must be given, or error");
        if (fields.Errors.All.Count > before) return null;
        return hasError ? new ToolAnswer(id!, Encoding.UTF8.GetBytes(message!), IsError: true) : new ToolAnswer(id!, content!);
    }

    private static string? ReadMessage(ref JsonFieldReader fields, string item)
    {
        string? message = null;
        while (fields.Read() == JsonTokenType.PropertyName)
        {
            var isMessage = fields.TryGetString(item, out var key) && key == "message";
            var token = fields.Read();
            if (isMessage) message = ToolFields.TextOf(ref fields, token, $"{item}.message");
            else fields.Skip();
        }

        if (message is null) fields.Errors.Add($"{item}.message", "must be given");
        return message;
    }
}
