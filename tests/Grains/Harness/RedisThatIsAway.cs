using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using StackExchange.Redis;

namespace Podflare.Harness;

/// <summary>Stands for the connection to Redis: what the harness does not replace finds that Redis does not answer.</summary>
[SuppressMessage("Performance", "CA1852", Justification = "DispatchProxy derives from it.")]
internal class RedisThatIsAway : DispatchProxy
{
    public static IConnectionMultiplexer Create() => Create<IConnectionMultiplexer, RedisThatIsAway>();

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod switch
    {
        { IsSpecialName: true, Name: var name } when name.StartsWith("add_", StringComparison.Ordinal) || name.StartsWith("remove_", StringComparison.Ordinal) => null,
        { Name: nameof(IDisposable.Dispose) } => null,
        { Name: nameof(IAsyncDisposable.DisposeAsync) } => ValueTask.CompletedTask,
        _ => throw new RedisConnectionException(ConnectionFailureType.UnableToConnect, "There is no Redis in these tests."),
    };
}
