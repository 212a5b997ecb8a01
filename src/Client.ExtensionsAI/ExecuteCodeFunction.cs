using System.Text.Json;
using Microsoft.Extensions.AI;
using Podflare.Extensions.AI.Leases;

namespace Podflare.Extensions.AI;

/// <summary>The function that executes a model's code.</summary>
internal sealed class ExecuteCodeFunction : AIFunction
{
    public const string CodeParameter = "code";

    private const string Replaced = "[The previous sandbox had ended. This is a new one: variables and files of earlier calls are gone.]";
    private static readonly string[] ImageTypes = ["image/png", "image/jpeg"];
    private static readonly JsonElement Schema = JsonDocument.Parse(
        """{"type":"object","properties":{"code":{"type":"string","description":"Python code, as in a notebook cell"}},"required":["code"],"additionalProperties":false}""").RootElement;

    private readonly ISandboxSource _source;
    private readonly CodeFunctionOptions _options;
    private readonly InputFiles? _files;

    private ExecuteCodeFunction(ISandboxSource source, CodeFunctionOptions options, InputFiles? files) => (_source, _options, _files) = (source, options, files);

    public override string Name => _options.Name;

    public override string Description => (_options.Description ?? (_options.Fresh || _source is SandboxPerCall
        ? "Runs Python code. Each call starts without the variables of earlier calls. The value of the last expression, printed text and figures are returned."
        : "Runs Python code. Variables, imports and files are kept between calls. The value of the last expression, printed text and figures are returned."))
        + BundledTools.Describe(_options.Tools);

    public override JsonElement JsonSchema => Schema;

    /// <param name="files">What is written into the sandbox before its first code.</param>
    /// <exception cref="ArgumentException">An option is not valid.</exception>
    public static AIFunction Create(ISandboxSource source, CodeFunctionOptions options, InputFiles? files = null)
    {
        options.Ensure();
        var function = new ExecuteCodeFunction(source, options, files);
        return options.RequireApproval || BundledTools.NeedApproval(options.Tools) ? new ApprovalRequiredAIFunction(function) : function;
    }

    /// <summary>The code in the arguments of a call; null if they have none.</summary>
    public static string? CodeOf(IEnumerable<KeyValuePair<string, object?>>? arguments) => arguments?.FirstOrDefault(argument => argument.Key == CodeParameter).Value switch
    {
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } json => json.GetString(),
        _ => null,
    };

    protected override async ValueTask<object?> InvokeCoreAsync(AIFunctionArguments arguments, CancellationToken cancellationToken)
    {
        if (CodeOf(arguments) is not { Length: > 0 } code) throw new ArgumentException($"The argument '{CodeParameter}' must be a text that is not empty.", nameof(arguments));
        var run = new RunOptions
        {
            Timeout = _options.Timeout,
            Context = _options.Context,
            Fresh = _options.Fresh ? FreshInterpreter.Yes : FreshInterpreter.No,
            Tools = _options.Tools.Count == 0 ? null : [.. _options.Tools.Select(tool => BundledTools.Of(tool, arguments.Services))],
            ToolTimeout = _options.Tools.Count == 0 ? null : _options.ToolTimeout,
        };
        var (result, isReplaced) = await RunAsync(code, run, cancellationToken).ConfigureAwait(false);
        var notice = isReplaced ? $"{Replaced}\n" : "";
        var text = notice + result.ForModel(Math.Max(256, _options.MaxChars - notice.Length));
        var images = result.Results.Select(ImageOf).OfType<AIContent>().ToList();
        // Every provider passes a string on as it is; contents are only used where a string is not enough.
        return images.Count == 0 ? text : new List<AIContent> { new TextContent(text) }.Concat(images).ToList();
    }

    private static DataContent? ImageOf(ResultEvent result)
    {
        // One representation of each value is enough.
        foreach (var type in ImageTypes)
        {
            if (result.GetBytes(type) is { } bytes) return new DataContent(bytes, type);
        }

        return null;
    }

    private async Task<(RunResult Result, bool IsReplaced)> RunAsync(string code, RunOptions options, CancellationToken cancellationToken)
    {
        var isReplaced = false;
        while (true)
        {
            await using var lease = await _source.AcquireAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                return (await RunAsync(lease.Sandbox, code, options, cancellationToken).ConfigureAwait(false), isReplaced);
            }
            catch (Exception e) when (!isReplaced && e is SandboxEndedException or SandboxLostException or SandboxNotFoundException)
            {
                if (!_source.Forget(lease.Sandbox)) throw;
                isReplaced = true;
            }
        }
    }

    private async Task<RunResult> RunAsync(Sandbox sandbox, string code, RunOptions options, CancellationToken cancellationToken)
    {
        if (_files is not null) await _files.WriteAsync(sandbox, cancellationToken).ConfigureAwait(false);
        try
        {
            return await sandbox.RunAsync(code, options, cancellationToken).ConfigureAwait(false);
        }
        catch (ContextNotFoundException) when (_options.Context is not null)
        {
            await sandbox.Contexts.CreateAsync(new ContextOptions { Id = _options.Context }, cancellationToken).ConfigureAwait(false);
            return await sandbox.RunAsync(code, options, cancellationToken).ConfigureAwait(false);
        }
    }
}
