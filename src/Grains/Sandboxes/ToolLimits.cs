using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>As <see cref="RunLimits"/>, for tools and for answers to their calls.</summary>
internal static class ToolLimits
{
    /// <exception cref="InvalidRequestException">A field is beyond its limit, or does not go with another.</exception>
    public static void Guard(RunTools tools, RunRequest request, ToolOptions limits)
    {
        if (request.Kind is not RunKind.Code || request is { Language: RunLanguage.Bash }) throw new InvalidRequestException("tools", "are for Python code");
        if (tools.Definitions.IsDefaultOrEmpty || tools.Definitions.Length > limits.MaxTools) throw new InvalidRequestException("tools", $"must have 1 to {limits.MaxTools} items");
        if (tools.Timeout is { } timeout && timeout <= TimeSpan.Zero) throw new InvalidRequestException("tool_timeout_seconds", "must be greater than 0");
        var names = new HashSet<string>(StringComparer.Ordinal);
        var bytes = 0L;
        foreach (var tool in tools.Definitions)
        {
            if (!ToolDefinition.IsName(tool.Name)) throw new InvalidRequestException("tools", $"must have names of 1 to {ToolDefinition.MaxName} letters, digits, _, - and .");
            if (!names.Add(tool.Name)) throw new InvalidRequestException("tools", $"must have each name once; {tool.Name} is repeated");
            bytes += tool.Name.Length + (tool.Description?.Length ?? 0) + (tool.InputSchema?.Length ?? 0);
        }

        if (bytes > limits.MaxDefinitionBytes) throw new InvalidRequestException("tools", $"exceeds the limit of {limits.MaxDefinitionBytes} bytes");
    }

    /// <exception cref="InvalidRequestException">An answer is beyond its limit.</exception>
    public static void Guard(ToolAnswer[] answers, ToolOptions limits)
    {
        if (answers is not { Length: > 0 } || answers.Length > limits.MaxOpen) throw new InvalidRequestException("results", $"must have 1 to {limits.MaxOpen} items");
        if (answers.Any(answer => answer?.Content is null || answer.Content.Length > limits.MaxBytes)) throw new InvalidRequestException("results", $"must have contents of at most {limits.MaxBytes} bytes");
    }
}
