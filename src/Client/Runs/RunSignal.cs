namespace Podflare;

/// <summary>A signal for the processes of a run.</summary>
public enum RunSignal
{
    /// <summary>SIGHUP: the terminal was closed.</summary>
    Hangup,

    /// <summary>SIGINT: interrupt, as Ctrl-C sends it.</summary>
    Interrupt,

    /// <summary>SIGQUIT: quit, as Ctrl-\ sends it.</summary>
    Quit,

    /// <summary>SIGKILL: end at once. A process cannot ignore it.</summary>
    Kill,

    /// <summary>SIGUSR1: defined by the program.</summary>
    User1,

    /// <summary>SIGUSR2: defined by the program.</summary>
    User2,

    /// <summary>SIGTERM: end in order.</summary>
    Terminate,

    /// <summary>SIGCONT: continue after a stop.</summary>
    Continue,

    /// <summary>SIGSTOP: stop until SIGCONT.</summary>
    Stop,

    /// <summary>SIGWINCH: the size of the terminal has changed.</summary>
    WindowChange,
}

/// <summary>Which processes of a run receive a signal.</summary>
public enum SignalScope
{
    /// <summary>The process itself.</summary>
    Process,

    /// <summary>Its process group.</summary>
    Group,

    /// <summary>Every process that the run started, also after its end. For Python code: all processes of the context except its interpreter.</summary>
    All,
}

internal static class RunSignalExtensions
{
    /// <summary>The name that the API uses, such as <c>SIGTERM</c>.</summary>
    public static string WireName(this RunSignal signal) => signal switch
    {
        RunSignal.Hangup => "SIGHUP",
        RunSignal.Interrupt => "SIGINT",
        RunSignal.Quit => "SIGQUIT",
        RunSignal.Kill => "SIGKILL",
        RunSignal.User1 => "SIGUSR1",
        RunSignal.User2 => "SIGUSR2",
        RunSignal.Terminate => "SIGTERM",
        RunSignal.Continue => "SIGCONT",
        RunSignal.Stop => "SIGSTOP",
        RunSignal.WindowChange => "SIGWINCH",
        _ => throw new ArgumentOutOfRangeException(nameof(signal), signal, "The signal is not supported."),
    };
}

internal sealed record SignalBody(string Signal, string Scope);

internal sealed record InterruptBody(double? GraceSeconds, bool? Queued);
