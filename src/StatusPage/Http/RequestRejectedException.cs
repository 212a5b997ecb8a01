namespace Podflare.Http;

/// <summary>A request that is rejected. The message is returned to the caller.</summary>
internal sealed class RequestRejectedException(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    public IReadOnlyDictionary<string, string>? Errors { get; init; }

    public static RequestRejectedException NotFound(string what) => new(404, $"{what}_not_found", $"{what} not found");

    public static RequestRejectedException Conflict(string message) => new(409, "conflict", message);
}
