namespace Podflare.Incidents;

/// <summary>An act that is not done; its text is for the person who asked.</summary>
internal sealed class RefusedException(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    public IReadOnlyDictionary<string, string>? Errors { get; init; }

    public static RefusedException NotFound(string what) => new(404, $"{what}_not_found", $"{what} not found");

    public static RefusedException Conflict(string message) => new(409, "conflict", message);
}
