using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Podflare.Cli.Hosting;
using Spectre.Console;

namespace Podflare.Cli.Output;

/// <summary>Results go to stdout; errors, warnings and progress to stderr. Color and progress are for terminals, and NO_COLOR switches color off.</summary>
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

    /// <summary>Raw stdout, for the output of code and files.</summary>
    public OutputStream Out { get; }

    /// <summary>Raw stderr, for the output of code.</summary>
    public OutputStream Err { get; }

    /// <summary>Shows the warnings of the SDK.</summary>
    public ILogger<PodflareClient> Logger { get; }

    public static bool OutIsTerminal => !System.Console.IsOutputRedirected;

    public bool ShowsProgress => !IsJson && !System.Console.IsErrorRedirected;

    public void Line(string text) => Out.Write($"{text}\n");

    public void Json<T>(T value, JsonTypeInfo<T> type) => Line(JsonSerializer.Serialize(value, type));

    /// <summary>A time as people read it in a terminal, or as programs read it in a pipe.</summary>
    public static string Time(DateTimeOffset? time, TimeProvider clock) => OutIsTerminal ? Texts.Relative(time, clock.GetUtcNow()) : Texts.Time(time);

    /// <summary>Writes rows with a heading. Without a terminal, columns are separated by tabs and nothing is shortened.</summary>
    /// <param name="dropLast">Whether the last column is left out first when the terminal is too narrow.</param>
    /// <param name="keep">The heading of a column that is left out after all others.</param>
    public void Table(string[] heading, IReadOnlyList<string[]> rows, bool dropLast = false, string? keep = null)
    {
        string[][] clean = [.. rows.Select(row => row.Select(Texts.Clean).ToArray())];
        if (!OutIsTerminal)
        {
            foreach (var row in clean.Prepend(heading)) Line(string.Join('\t', row));
            return;
        }

        var console = Console(System.Console.Out, redirected: false);
        var isBold = console.Profile.Capabilities.Ansi && !NoColor;
        foreach (var (i, line) in TableLayout.Lines(heading, clean, console.Profile.Width, dropLast, keep).Index()) Line(i == 0 && isBold ? $"\e[1m{line}\e[0m" : line);
    }

    /// <summary>Writes a line of the command itself, not of the code.</summary>
    public void Note(string text, string style = "grey")
    {
        Out.Flush();
        Err.Flush();
        _err.Write(new Text($"podflare: {Texts.Clean(text)}\n", Style.Parse(style)));
    }

    public void Warn(string text) => Note(text, "yellow");

    /// <param name="sandbox">The sandbox that the command was about, if it was about one.</param>
    public void WriteError(Exception e, string? sandbox = null)
    {
        Out.Flush();
        if (IsJson)
        {
            Err.Write(JsonSerializer.Serialize(ErrorJson.Of(e), CliJson.Default.ErrorJson) + "\n");
            Err.Flush();
            return;
        }

        Note(ErrorText.Message(e, sandbox), "red");
        if (ErrorText.Advice(e) is { } advice) Note(advice);
    }

    /// <summary>Shows a spinner on stderr while it waits, if stderr is a terminal.</summary>
    public Task<T> WaitAsync<T>(string what, Func<Task<T>> work) =>
        ShowsProgress ? _err.Status().Spinner(Spinner.Known.Dots).StartAsync(Markup.Escape(what), _ => work()) : work();

    /// <summary>Shows a progress bar on stderr, if stderr is a terminal.</summary>
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

    /// <summary>Writes a check with its mark.</summary>
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
            catch (BrokenPipeException)
            {
                // Nobody reads the rest.
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
        // A pipe has no width, so nothing is wrapped.
        if (redirected) console.Profile.Width = 10_000;
        return console;
    }
}
