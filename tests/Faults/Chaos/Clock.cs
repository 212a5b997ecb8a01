using System.Globalization;

namespace Podflare.Faults.Chaos;

/// <summary>The time of this machine, which is also that of its sandboxes, and a log that carries it.</summary>
internal static class Clock
{
    public static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public static Task Delay(TimeSpan time, CancellationToken cancellationToken) => Task.Delay(time, TimeProvider.System, cancellationToken);

    public static void Say(string line) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Now:HH:mm:ss.fff} {line}"));
}
