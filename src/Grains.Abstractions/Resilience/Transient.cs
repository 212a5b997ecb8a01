using Orleans.Runtime;
using Orleans.Runtime.Messaging;

namespace Podflare.Resilience;

/// <summary>Tells failures that pass by themselves from failures that do not. The one list of them: every loop that repeats work asks here.</summary>
public static class Transient
{
    /// <summary>
    /// The same call may succeed a moment later, and repeating it is safe: a silo, a guest or the store does not answer at the moment. Corrupt
    /// data, a lost race for a record and refusals are not transient.
    /// </summary>
    public static bool IsTransient(Exception exception) => exception switch
    {
        SandboxUnreachableException or StorageUnavailableException or ShuttingDownException => true,
        PodflareException => false,
        _ => IsLostCall(exception),
    };

    /// <summary>
    /// Orleans failed, not the grain: a silo is gone, does not answer, refused the message, or does not know yet that the grain's silo has joined.
    /// Whether the call was executed is not known.
    /// </summary>
    public static bool IsLostCall(Exception exception) =>
        exception is TimeoutException or OrleansMessageRejectionException or ConnectionFailedException or SiloUnavailableException
            or ClientNotAvailableException or GatewayTooBusyException
        || IsUnsettled(exception);

    // The grain directory throws the base class, and nothing else of it: a silo that registers a grain is unknown at its owner, or dead.
    private static bool IsUnsettled(Exception exception) => exception.GetType() == typeof(OrleansException);
}
