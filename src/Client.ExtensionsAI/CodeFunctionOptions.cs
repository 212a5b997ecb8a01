using Microsoft.Extensions.AI;

namespace Podflare.Extensions.AI;

/// <summary>How a model's code is executed, and how the function for it is described to the model.</summary>
/// <example>
/// <code>
/// var function = sandbox.AsAIFunction(new CodeFunctionOptions { Timeout = TimeSpan.FromSeconds(30), RequireApproval = true });
/// </code>
/// </example>
public sealed record CodeFunctionOptions
{
    /// <summary>The name of the function. Default: <c>execute_code</c>.</summary>
    public string Name { get; init; } = "execute_code";

    /// <summary>What the model reads about the function. Default: a description that fits the other options.</summary>
    public string? Description { get; init; }

    /// <summary>The time after which the server ends a run. Server default: 300 s.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The ID of the context that runs the code; see <see cref="Sandbox.Contexts"/>. It is created if it does not exist. Default: <c>python</c>.</summary>
    public string? Context { get; init; }

    /// <summary>
    /// Whether each call gets an interpreter of its own, without the variables of earlier calls. Files are kept. It cannot be combined with
    /// <see cref="Context"/>. Default: no.
    /// </summary>
    public bool Fresh { get; init; }

    /// <summary>
    /// Functions of this program that the code may call, as <c>tools.search(q="x")</c>; at most 64. The model cannot call them directly, and their results
    /// go to the code, not to the model. The code may keep them and send them wherever its sandbox can send data. If one of them is an
    /// <see cref="ApprovalRequiredAIFunction"/>, each execution has to be approved. Default: none.
    /// </summary>
    public IReadOnlyList<AIFunction> Tools { get; init; } = [];

    /// <summary>How long the code waits for the result of one of the <see cref="Tools"/>. Server default: 60 s.</summary>
    public TimeSpan? ToolTimeout { get; init; }

    /// <summary>The maximum length of the text that the model gets, in UTF-16 code units, at least 256. Default: 20,000.</summary>
    public int MaxChars { get; init; } = 20_000;

    /// <summary>Whether the function is an <see cref="ApprovalRequiredAIFunction"/>, so that a caller has to approve each call. Default: no.</summary>
    public bool RequireApproval { get; init; }

    /// <exception cref="ArgumentException">An option is not valid.</exception>
    internal void Ensure()
    {
        if (string.IsNullOrWhiteSpace(Name)) throw new ArgumentException($"{nameof(Name)} must not be empty.");
        if (Fresh && Context is not null) throw new ArgumentException($"{nameof(Fresh)} and {nameof(Context)} cannot be combined: a fresh interpreter belongs to no context.");
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxChars, 256, nameof(MaxChars));
        ArgumentNullException.ThrowIfNull(Tools);
        if (Tools.DistinctBy(tool => tool.Name).Count() < Tools.Count) throw new ArgumentException($"Two of the {nameof(Tools)} have the same name.");
    }
}
