using System.Text.Json;

namespace Podflare;

/// <summary>A function of the program that code in a sandbox may call; see <see cref="RunOptions.Tools"/>.</summary>
/// <example>
/// <code>
/// var search = new SandboxTool("search", async (call, cancellationToken) =>
///     JsonSerializer.SerializeToElement(await index.FindAsync(call.Arguments.GetProperty("q").GetString(), cancellationToken)))
/// {
///     Description = "Searches the index.",
///     InputSchema = JsonDocument.Parse("""{"type":"object","properties":{"q":{"type":"string"}},"required":["q"]}""").RootElement,
/// };
/// var result = await sandbox.RunCodeAsync("len(tools.search(q='x'))", [search]);
/// </code>
/// </example>
public sealed class SandboxTool
{
    private const int MaxName = 128;

    /// <summary>Creates a tool.</summary>
    /// <param name="name">1 to 128 letters, digits, <c>_</c>, <c>-</c> and <c>.</c>.</param>
    /// <param name="invoke">
    /// Carries out a call. Up to 16 calls are carried out at the same time. What it throws is raised in the code as <c>ToolError</c>, with the
    /// message of the exception. The token is canceled when the run has ended.
    /// </param>
    /// <exception cref="ArgumentException">The name has other characters.</exception>
    public SandboxTool(string name, Func<SandboxToolCall, CancellationToken, Task<JsonElement>> invoke)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(invoke);
        if (name.Length > MaxName || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'))
            throw new ArgumentException($"The name of a tool must be 1 to {MaxName} letters, digits, _, - and . characters.", nameof(name));
        (Name, Invoke) = (name, invoke);
    }

    /// <summary>The name by which the code calls it.</summary>
    public string Name { get; }

    /// <summary>What it does; the documentation of its function in Python.</summary>
    public string? Description { get; init; }

    /// <summary>
    /// The JSON schema of the arguments, an object; the signature of its function in Python. The arguments of each call are validated against it. Null
    /// accepts any arguments.
    /// </summary>
    /// <exception cref="ArgumentException">It has a pattern that is no regular expression, or a reference that cannot be resolved in it.</exception>
    public JsonElement? InputSchema
    {
        get;
        init => (field, Arguments) = (value, value is { } schema ? Compile(schema) : null);
    }

    /// <summary>Validates the arguments of a call; null accepts any.</summary>
    internal ArgumentSchema? Arguments { get; private init; }

    internal Func<SandboxToolCall, CancellationToken, Task<JsonElement>> Invoke { get; }

    private ArgumentSchema Compile(JsonElement inputSchema)
    {
        try
        {
            return new ArgumentSchema(inputSchema);
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"The tool {Name} has a schema that cannot be used: {e.Message}.", nameof(inputSchema));
        }
    }
}

/// <summary>A call of a <see cref="SandboxTool"/>.</summary>
public sealed record SandboxToolCall
{
    /// <summary>The ID of the run whose code calls.</summary>
    public required string RunId { get; init; }

    /// <summary>The ID of the call in its run. Both IDs together are a key by which a tool can recognize a call that is repeated.</summary>
    public required string CallId { get; init; }

    /// <summary>
    /// The arguments, an object that matches the schema of the tool. They come from the code in the sandbox, so they deserve as much trust as those from a
    /// model.
    /// </summary>
    public required JsonElement Arguments { get; init; }
}
