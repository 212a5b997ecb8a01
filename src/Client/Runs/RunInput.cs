using System.Text;

namespace Podflare;

/// <summary>
/// What a run reads from its standard input. Calls that only start a run, such as <see cref="Sandbox.StartRunAsync"/>, accept <see cref="Open"/> alone.
/// </summary>
/// <example>
/// <code>
/// var result = await sandbox.RunAsync("name = input('name? ')\nprint('hello', name)", new RunOptions { Stdin = RunInput.Text("Ada\n") });
/// </code>
/// </example>
public sealed class RunInput
{
    private RunInput(ReadOnlyMemory<byte>? content, Func<InputRequestEvent, CancellationToken, ValueTask<string?>>? answer) =>
        (Content, Answer) = (content, answer);

    /// <summary>Standard input stays open. Write to it with <see cref="SandboxRun.WriteStdinAsync"/>.</summary>
    public static RunInput Open { get; } = new(null, null);

    internal bool IsOpen => Content is null && Answer is null;

    internal ReadOnlyMemory<byte>? Content { get; }

    internal Func<InputRequestEvent, CancellationToken, ValueTask<string?>>? Answer { get; }

    /// <summary>The run reads this text as UTF-8, and then the end of the file.</summary>
    public static RunInput Text(string text) => new(Encoding.UTF8.GetBytes(text), null);

    /// <summary>The run reads these bytes, and then the end of the file.</summary>
    public static RunInput Bytes(ReadOnlyMemory<byte> content) => new(content, null);

    /// <summary>
    /// Each <see cref="InputRequestEvent"/> is answered with one line. A line break is added if the answer has none. Null closes standard input, so
    /// that the code finds the end of the file; later requests are not asked.
    /// </summary>
    public static RunInput Answers(Func<InputRequestEvent, CancellationToken, ValueTask<string?>> answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return new RunInput(null, answer);
    }
}
