namespace Podflare.Telemetry;

/// <summary>The HTTP request that log lines are written in; it learns what the request is about as it goes.</summary>
public sealed class LogCall(string request, TraceBinding? caller)
{
    private static readonly AsyncLocal<LogCall?> Ambient = new();

    public static LogCall? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    /// <summary>ASP.NET Core's name for the request.</summary>
    public string Request { get; } = request;

    /// <summary>The trace in the caller's headers; null without one.</summary>
    public TraceBinding? Caller { get; } = caller;

    public string? Sandbox { get; set; }

    public string? Run { get; set; }

    public string? Tenant { get; set; }

    /// <summary>Its lines are kept for the tenant of the sandbox that they are about.</summary>
    public bool IsKept { get; set; } = true;
}
