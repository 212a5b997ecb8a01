using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Reminders;
using Orleans.Runtime;
using Podflare.Processes;

namespace Podflare.Hosting;

/// <summary>The clocks that the product gives to the parts of Orleans.</summary>
public sealed class OrleansClockTests(RedisFixture fixture)
{
    private static readonly TimeSpan Exactness = TimeSpan.FromSeconds(10);

    private readonly SettableClock _clock = new();

    public static TheoryData<string> Parts =>
    [
        TimeProviderNames.ActivationManagement, TimeProviderNames.Grains, TimeProviderNames.GrainDirectory, TimeProviderNames.Membership, TimeProviderNames.Messaging,
        TimeProviderNames.SystemTimers, ReminderTimeProviderNames.Reminders,
    ];

    [Theory]
    [MemberData(nameof(Parts))]
    public void A_step_of_the_wall_clock_moves_no_clock_of_Orleans(string part)
    {
        using var host = Compose();
        var clock = host.Services.GetRequiredKeyedService<TimeProvider>(part);
        var before = clock.GetUtcNow();

        _clock.StepWall(TimeSpan.FromHours(1));
        Assert.InRange(clock.GetUtcNow() - before, TimeSpan.Zero, Exactness);

        _clock.StepWall(TimeSpan.FromHours(-2));
        Assert.InRange(clock.GetUtcNow() - before, TimeSpan.Zero, Exactness);
    }

    [Fact]
    public void Reminders_go_by_the_time_of_Redis_where_the_clock_of_this_process_is_ahead()
    {
        _clock.StepWall(TimeSpan.FromHours(1));
        using var host = Compose();

        Assert.InRange(host.Services.GetRequiredKeyedService<TimeProvider>(ReminderTimeProviderNames.Reminders).GetUtcNow() - TimeProvider.System.GetUtcNow(), -Exactness, Exactness);
    }

    private IHost Compose()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:Redis"] = "127.0.0.1:1", ["Podflare:ClusterId"] = "clocks" });
        builder.AddPodflare(ProcessRole.Frontend);
        builder.Services.AddSingleton<TimeProvider>(_clock);
        builder.Services.AddSingleton(fixture.Redis);
        return builder.Build();
    }
}
