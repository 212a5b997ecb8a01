using System.Diagnostics;

namespace Podflare.Processes;

/// <summary>
/// Named places at which the test host can be made to die. In the product the calls are not compiled; in the test host, which compiles
/// these sources once more, <see cref="Reached"/> has a body.
/// </summary>
internal static partial class FaultPoint
{
    /// <summary>A run is about to be accepted: there is no record of it yet.</summary>
    public const string RunStarting = "run-starting";

    /// <summary>The run has a record, and the guest has not heard of it.</summary>
    public const string RunAccepted = "run-accepted";

    /// <summary>The guest has the run, and nobody has been told so.</summary>
    public const string RunTaken = "run-taken";

    /// <summary>Frames have arrived, and are not in the log.</summary>
    public const string FramesArrived = "frames-arrived";

    /// <summary>Frames are in the log, and no reader has been told.</summary>
    public const string FramesAppended = "frames-appended";

    /// <summary>Frames are in the log and published, and the guest has not been told.</summary>
    public const string FramesPublished = "frames-published";

    /// <summary>As the frames' points, for a batch that has the run's end.</summary>
    public const string EndArrived = "end-arrived", EndAppended = "end-appended", EndPublished = "end-published";

    /// <summary>The code of the sandbox was stopped and its record says that it ends. Nothing else has been done.</summary>
    public const string SandboxEnding = "sandbox-ending";

    /// <summary>Each run of the ending sandbox has its exit, and there is no tombstone.</summary>
    public const string RunsClosed = "runs-closed";

    /// <summary>There is a tombstone, and still a record.</summary>
    public const string TombstoneWritten = "tombstone-written";

    [Conditional("PODFLARE_FAULT_POINTS")]
    public static void Reach(string name) => Reached(name);

    static partial void Reached(string name);
}
