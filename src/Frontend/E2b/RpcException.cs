using Podflare.Problems;

namespace Podflare.E2b;

/// <summary>A refusal of a remote procedure call.</summary>
/// <param name="code">A word such as <c>not_found</c>.</param>
internal sealed class RpcException(string code, string message) : ProblemException(NativeOf(code, message))
{
    public RpcError Error { get; } = new(code, message);

    // For logs and metrics.
    private static Problem NativeOf(string code, string message) => E2bErrorMapper.StatusOf(code) switch
    {
        StatusCodes.Status501NotImplemented => Problem.NotOffered(message),
        >= 500 => ExceptionMapper.ToProblem(new SandboxUnreachableException()) with { Error = message },
        var status => ExceptionMapper.ForStatus(status) with { Error = message },
    };
}
