using Podflare.Problems;

namespace Podflare.E2b;

/// <summary>A refusal in the words of E2B.</summary>
/// <param name="status">The status of the response, and the <c>code</c> of its body.</param>
/// <param name="errorCode">The member <c>error_code</c>; null for none.</param>
/// <param name="native">The problem that logs and metrics have; null for the one of the status.</param>
internal sealed class E2bException(int status, string message, string? errorCode = null, Problem? native = null)
    : ProblemException(native ?? (status == StatusCodes.Status501NotImplemented ? Problem.NotOffered(message) : ExceptionMapper.ForStatus(status) with { Error = message }))
{
    public int Status { get; } = status;

    public string Text { get; } = message;

    public string? ErrorCode { get; } = errorCode;

    public static E2bException NotSupported(string what) => new(StatusCodes.Status501NotImplemented, $"{what} not supported");
}
