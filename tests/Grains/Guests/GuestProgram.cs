using Podflare.Runs;

namespace Podflare.Guests;

/// <summary>What one run does in a scripted guest, step by step. Without <see cref="Exit"/> it ends with code 0 after its last step.</summary>
public sealed class GuestProgram
{
    private readonly List<Func<GuestRunContext, Task>> _steps = [];

    /// <summary>Whether only a kill ends it.</summary>
    public bool IgnoresInterrupts { get; private set; }

    /// <summary>Whether nothing but the end of its container ends it.</summary>
    public bool IgnoresEverything { get; private set; }

    public GuestProgram Print(string text) => Then(run => run.Print(text, isError: false));

    public GuestProgram PrintError(string text) => Then(run => run.Print(text, isError: true));

    /// <summary>Prints numbered lines.</summary>
    public GuestProgram PrintLines(int count, string prefix = "line ") => Then(run =>
    {
        for (var i = 1; i <= count; i++) run.Print($"{prefix}{i}\n", isError: false);
    });

    /// <summary>Waits until the test opens a gate.</summary>
    public GuestProgram Wait(Gate gate) => Then(run => gate.Opened.WaitAsync(run.Stopping));

    /// <summary>Runs until it is interrupted, killed or timed out.</summary>
    public GuestProgram RunForever() => Then(run => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, run.Stopping));

    /// <summary>Prints to its terminal.</summary>
    public GuestProgram PrintTerminal(string text) => Then(run => run.Guest.SendNumbered(FrameType.Out, [.. run.Id.ToBytes(), 3, .. System.Text.Encoding.UTF8.GetBytes(text)]));

    /// <summary>Waits until so many bytes of standard input have come, and prints them.</summary>
    public GuestProgram EchoInput(int count) => Then(async run =>
    {
        await Harness.Until.TrueAsync(() => run.Stdin.Length >= count);
        run.Print(System.Text.Encoding.UTF8.GetString(run.Stdin), isError: false);
    });

    /// <summary>Calls a tool, and prints its answer.</summary>
    public GuestProgram CallTool(string name, string arguments = "{}") => Then(async run =>
    {
        var answer = await run.Guest.CallTool(run.Id, name, arguments).WaitAsync(run.Stopping);
        run.Print($"{answer}\n", isError: false);
    });

    public GuestProgram Exit(int code, ExitReason? reason = null) => Then(run => run.Exit(code, reason));

    public GuestProgram IgnoreInterrupts()
    {
        IgnoresInterrupts = true;
        return this;
    }

    public GuestProgram IgnoreEverything()
    {
        (IgnoresInterrupts, IgnoresEverything) = (true, true);
        return this;
    }

    /// <summary>Anything else, such as a frame that no real guest would send.</summary>
    public GuestProgram Then(Action<GuestRunContext> step) => Then(run =>
    {
        step(run);
        return Task.CompletedTask;
    });

    /// <inheritdoc cref="Then(Action{GuestRunContext})"/>
    public GuestProgram Then(Func<GuestRunContext, Task> step)
    {
        _steps.Add(step);
        return this;
    }

    internal async Task RunAsync(GuestRunContext run)
    {
        foreach (var step in _steps)
        {
            run.Stopping.ThrowIfCancellationRequested();
            if (run.HasExited) return;
            await step(run);
        }
    }
}
