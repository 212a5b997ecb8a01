using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>The exits of runs that end with their sandbox.</summary>
internal static class SandboxExit
{
    /// <param name="isStuck">It is the run that did not obey.</param>
    public static (int Code, ExitReason Reason) Of(EndReason why, bool isStuck) => why switch
    {
        EndReason.Deleted => (137, ExitReason.Killed),
        EndReason.Expired or EndReason.Idle => (137, ExitReason.Expired),
        EndReason.Stuck when isStuck => (124, ExitReason.Timeout),
        EndReason.Oom => (137, ExitReason.Oom),
        _ => (255, ExitReason.Lost),
    };
}
