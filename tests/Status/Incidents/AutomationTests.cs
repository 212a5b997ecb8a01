using Podflare.Components;
using Podflare.IncidentManagement;
using Podflare.Incidents;

namespace Podflare.Status.Incidents;

public sealed class AutomationTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly AutomationRules Rules = new(TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(30));

    [Fact]
    public void Components_that_fail_together_open_one_incident_from_the_first_failure()
    {
        var step = Assert.IsType<AutomationStep.Open>(Assert.Single(Plan([Bad(Ids.Api, 60), Bad(Ids.Sandboxes, 30), Good(Ids.EventStreaming)])));
        Assert.Equal(2, step.Components.Count);
        Assert.Equal(Now.AddSeconds(-60), step.StartedAt);
    }

    [Theory]
    [InlineData(119, true)]
    [InlineData(121, false)]
    public void A_component_that_fails_within_two_minutes_joins_the_incident(int later, bool joins)
    {
        var incident = Incident(Stage.Investigating, (Ids.Sandboxes, ComponentStatus.MajorOutage)) with { StartedAt = Now.AddSeconds(-later) };
        var step = Assert.Single(Plan([Bad(Ids.Sandboxes, later), Bad(Ids.EventStreaming, 0)], incident));
        Assert.Equal(joins, step is AutomationStep.Update);
    }

    [Fact]
    public void While_the_API_is_out_every_failure_joins_its_incident()
    {
        var incident = Incident(Stage.Investigating, (Ids.Api, ComponentStatus.MajorOutage)) with { StartedAt = Now.AddHours(-1) };
        Assert.IsType<AutomationStep.Update>(Assert.Single(Plan([Bad(Ids.Api, 3600), Bad(Ids.EventStreaming, 0)], incident)));
    }

    [Fact]
    public void Recovery_moves_to_monitoring_and_fifteen_healthy_minutes_resolve()
    {
        var incident = Incident(Stage.Investigating, (Ids.Api, ComponentStatus.MajorOutage));
        var steps = Plan([Good(Ids.Api)], incident);
        Assert.Equal(Stage.Monitoring, Assert.IsType<AutomationStep.Update>(steps[0]).Stage);
        Assert.Equal(Now, Assert.IsType<AutomationStep.SetHealthySince>(steps[1]).Since);

        var watched = Incident(Stage.Monitoring, (Ids.Api, ComponentStatus.Operational));
        Assert.Empty(Plan([Good(Ids.Api)], watched with { HealthySince = Now.AddMinutes(-14) }));
        var last = Assert.IsType<AutomationStep.Update>(Assert.Single(Plan([Good(Ids.Api)], watched with { HealthySince = Now.AddMinutes(-15) })));
        Assert.Equal((Stage.Resolved, true), (last.Stage, last.Notify));
    }

    [Fact]
    public void Failing_again_while_monitoring_reopens_and_notifies_at_most_every_half_hour()
    {
        var watched = Incident(Stage.Monitoring, (Ids.Api, ComponentStatus.Operational)) with { HealthySince = Now.AddMinutes(-3) };
        var steps = Plan([Bad(Ids.Api, 0)], watched with { LastNotifiedAt = Now.AddMinutes(-29) });
        var update = Assert.IsType<AutomationStep.Update>(steps[0]);
        Assert.Equal((Stage.Investigating, false), (update.Stage, update.Notify));
        Assert.Null(Assert.IsType<AutomationStep.SetHealthySince>(steps[1]).Since);
        Assert.True(Assert.IsType<AutomationStep.Update>(Plan([Bad(Ids.Api, 0)], watched with { LastNotifiedAt = Now.AddMinutes(-30) })[0]).Notify);
    }

    [Fact]
    public void After_an_operator_takes_over_there_are_only_private_notes_and_no_second_incident()
    {
        var taken = Incident(Stage.Identified, (Ids.Api, ComponentStatus.MajorOutage)) with { ByHuman = true };
        Assert.IsType<AutomationStep.PrivateNote>(Assert.Single(Plan([Good(Ids.Api)], taken)));
        Assert.Empty(Plan([Bad(Ids.Api, 0)], taken));
    }

    [Fact]
    public void A_pinned_component_or_one_in_maintenance_opens_nothing_and_does_not_count_as_healthy()
    {
        Assert.Empty(Plan([Bad(Ids.Api, 0) with { Muted = true }]));
        var watched = Incident(Stage.Monitoring, (Ids.Api, ComponentStatus.Operational)) with { HealthySince = Now.AddHours(-1) };
        Assert.Null(Assert.IsType<AutomationStep.SetHealthySince>(Assert.Single(Plan([Good(Ids.Api) with { Muted = true }], watched))).Since);
    }

    [Fact]
    public void Without_data_nothing_is_reported_and_nothing_is_resolved()
    {
        var incident = Incident(Stage.Investigating, (Ids.Api, ComponentStatus.MajorOutage));
        Assert.Empty(Plan([new MonitoredComponent(Ids.Api, "API", ComponentStatus.NoData, Now, null, false)], incident));
    }

    [Fact]
    public void A_worse_status_is_reported_in_the_same_incident()
    {
        var incident = Incident(Stage.Identified, (Ids.Api, ComponentStatus.PartialOutage));
        var update = Assert.IsType<AutomationStep.Update>(Assert.Single(Plan([Bad(Ids.Api, 0)], incident)));
        Assert.Equal(Stage.Identified, update.Stage);
        Assert.Contains("major outage", update.Body, StringComparison.Ordinal);
    }

    private static List<AutomationStep> Plan(MonitoredComponent[] components, params Incident[] open) => Automation.Plan(components, open, Rules, Now);

    private static MonitoredComponent Bad(string id, int secondsAgo) => new(id, id, ComponentStatus.MajorOutage, Now.AddSeconds(-secondsAgo), "connect", false);

    private static MonitoredComponent Good(string id) => new(id, id, ComponentStatus.Operational, Now.AddHours(-1), null, false);

    private static Incident Incident(Stage stage, params (string Id, ComponentStatus ReportedStatuses)[] components) =>
        new("inc_1", IncidentKind.Incident, "t", stage, Impact.Critical, false, true, false, Now, Now, Now, null, null, null, Now.AddMinutes(-5), null, null, null)
        {
            ReportedStatuses = components.ToDictionary(c => c.Id, c => c.ReportedStatuses),
        };
}
