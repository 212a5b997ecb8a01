using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Podflare.Cli.Hosting;
using Spectre.Console;

namespace Podflare.Cli.Output;

/// <summary>Results on stdout; errors, warnings and progress on stderr. Colour and progress are for terminals, and NO_COLOR ends colour.</summary>
internal sealed class Screen : IDisposable
{
    private static readonly bool NoColor = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
    private readonly IAnsiConsole _err = Console(System.Console.Error, System.Console.IsErrorRedirected);

    public Screen(bool isJson)
    {
        IsJson = isJson;
        Out = new OutputStream(System.Console.OpenStandardOutput(), descriptor: 1);
        Err = new OutputStream(System.Console.OpenStandardError(), descriptor: 2);
        Logger = new ScreenLogger(this);
    }

    public bool IsJson { get; }

    /// <summary>The raw stdout, for the output of code and files.</summary>
    public OutputStream Out { get; }

    /// <summary>The raw stderr, for the output of code.</summary>
    public OutputStream Err { get; }

    /// <summary>Shows what the client repairs or ignores.</summary>
    public ILogger<PodflareClient> Logger { get; }

    public static bool OutIsTerminal => !System.Console.IsOutputRedirected;

    public bool ShowsProgress => !IsJson && !System.Console.IsErrorRedirected;

    public void Line(string text) => Out.Write($"{text}\n");

    public void Json<T>(T value, JsonTypeInfo<T> type) => Line(JsonSerializer.Serialize(value, type));

    /// <summary>Shows rows with a heading; without the terminal one row a line, tabs between, which is what scripts cut.</summary>
    public void Table(string[] heading, IReadOnlyList<string[]> rows)
    {
        if (!OutIsTerminal)
        {
            foreach (var row in rows.Prepend(heading)) Line(string.Join('\t', row.Select(Texts.Clean)));
            return;
        }

        var table = new Table { Border = TableBorder.None };
        // An id that is cut or wrapped cannot be copied.
        foreach (var name in heading) table.AddColumn(new TableColumn(new Text(name, new Style(decoration: Decoration.Bold))) { NoWrap = true });
        foreach (var row in rows) table.AddRow(row.Select(cell => new Text(Texts.Clean(cell))).ToArray<Spectre.Console.Rendering.IRenderable>());
        var console = Console(System.Console.Out, redirected: false);
        console.Write(table);
    }

    /// <summary>One line of the command itself, not of the code.</summary>
    public void Note(string text, string style = "grey")
    {
        Out.Flush();
        Err.Flush();
        _err.Write(new Text($"podflare: {Texts.Clean(text)}\n", Style.Parse(style)));
    }

    public void Warn(string text) => Note(text, "yellow");

    public void Fail(Exception e)
    {
        Out.Flush();
        if (IsJson)
        {
            Err.Write(JsonSerializer.Serialize(ErrorJson.Of(e), CliJson.Default.ErrorJson) + "\n");
            Err.Flush();
            return;
        }

        Note(e.Message, "red");
        if (Advice(e) is { } advice) Note(advice);
    }

    /// <summary>Works with a moving sign on stderr, where somebody looks.</summary>
    public Task<T> WaitAsync<T>(string what, Func<Task<T>> work) =>
        ShowsProgress ? _err.Status().Spinner(Spinner.Known.Dots).StartAsync(Markup.Escape(what), _ => work()) : work();

    /// <summary>Works with a bar on stderr, where somebody looks.</summary>
    public Task TransferAsync(string what, long? bytes, Func<Action<long>, Task> work)
    {
        if (!ShowsProgress) return work(static _ => { });
        return _err.Progress().AutoClear(true).HideCompleted(false)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn())
            .StartAsync(async progress =>
            {
                var task = progress.AddTask(Markup.Escape(what), maxValue: Math.Max(1, bytes ?? 1));
                task.IsIndeterminate = bytes is null;
                await work(done =>
                {
                    if (bytes is null) task.MaxValue = Math.Max(1, done);
                    task.Value = done;
                });
            });
    }

    /// <summary>The mark in front of a check.</summary>
    public void Check(string mark, string style, string text)
    {
        var console = Console(System.Console.Out, System.Console.IsOutputRedirected);
        Out.Flush();
        console.Write(new Text($"{mark} ", Style.Parse(style)));
        console.Write(new Text($"{Texts.Clean(text)}\n"));
    }

    public void Dispose()
    {
        Flush(Out);
        Flush(Err);

        static void Flush(OutputStream stream)
        {
            try
            {
                stream.Flush();
            }
            catch (ReaderLeftException)
            {
                // Then nobody misses the rest.
            }
        }
    }

    private static IAnsiConsole Console(TextWriter to, bool redirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(to),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = redirected || NoColor ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        // A pipe has no width: nothing is wrapped for it.
        if (redirected) console.Profile.Width = 10_000;
        return console;
    }

    private static string? Advice(Exception e) => e switch
    {
        CliException x => x.Advice,
        PodflareConnectionException { MayHaveArrived: false } => "Is the server running, and is this its address? `podflare doctor` looks closer.",
        UnauthorizedException => $"Set {GlobalOptions.ApiKeyVariable} to a valid key, or pass --api-key.",
        PodflareApiException { RetryAfter: { } after } => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"The server says: come back in {after.TotalSeconds:0.#} s."),
        PodflareProtocolException => "Is this the address of a Podflare server? `podflare doctor` looks closer.",
        InvalidRequestException { Errors.Count: > 1 } x => string.Join("; ", x.Errors.Select(error => $"{error.Key} {string.Join(", ", error.Value)}")),
        _ => null,
    };
}
