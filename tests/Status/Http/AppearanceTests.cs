using System.Net;
using System.Text;
using Podflare.Status.Services;

namespace Podflare.Status.Http;

/// <summary>What an operator can change about the look, and what readers see before there is data.</summary>
public sealed class AppearanceTests
{
    [Theory]
    [InlineData("Status__Accent", "blue", "it must be a color such as #3a4fd8")]
    [InlineData("Status__Accent", "#12345", "it must be a color such as #3a4fd8")]
    [InlineData("Status__Accent", "#ffdd00", "its contrast on white is 1.3, and text needs at least 4.5")]
    [InlineData("Status__Logo", "/etc/hostname", "it must be the path of an .svg, .png or .webp file")]
    [InlineData("Status__Logo", "/nowhere/logo.svg", "there is no such file")]
    [InlineData("Status__SupportUrl", "javascript:alert(1)", "it must be an http, https or mailto address")]
    [InlineData("Status__SupportUrl", "help", "it must be an http, https or mailto address")]
    public async Task A_value_that_is_not_valid_ends_the_start_and_the_error_names_the_option(string name, string value, string reason)
    {
        await using var status = new StatusService(Settings.Quiet().With((name, value)));

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(status.StartAsync);

        Assert.Contains($"{name} is '{value}'; {reason}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_logo_that_is_too_large_is_refused()
    {
        var path = Path.Combine(TestRun.Folder, $"{Guid.NewGuid():N}.png");
        await File.WriteAllBytesAsync(path, new byte[256 * 1024 + 1], TestContext.Current.CancellationToken);
        await using var status = new StatusService(Settings.Quiet().With(("Status__Logo", path)));

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(status.StartAsync);

        Assert.Contains("at most 262144 are allowed", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logo_color_and_help_are_those_of_the_operator()
    {
        var logo = Path.Combine(TestRun.Folder, $"{Guid.NewGuid():N}.svg");
        await File.WriteAllTextAsync(logo, "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", Encoding.UTF8, TestContext.Current.CancellationToken);
        await using var status = new StatusService(Settings.Quiet().With(("Status__Logo", logo), ("Status__Accent", "#0F6E5A"), ("Status__SupportUrl", "mailto:help@example.com?subject=a&b")));
        await status.StartAsync();

        var page = await status.Http.GetStringAsync("/", TestContext.Current.CancellationToken);
        var shown = await status.Http.GetStringAsync(Between(page, "<link rel=\"icon\" href=\"", "\""), TestContext.Current.CancellationToken);
        var style = await status.Http.GetStringAsync(Between(page, "<link rel=\"stylesheet\" href=\"", "\""), TestContext.Current.CancellationToken);

        Assert.Equal(await File.ReadAllTextAsync(logo, TestContext.Current.CancellationToken), shown);
        // The shade for dark pages is lighter, so that it can be read there.
        Assert.Matches("--accent: light-dark\\(#0f6e5a, #[4-9a-f][0-9a-f]{5}\\);", style);
        Assert.Contains("<a href=\"mailto:help@example.com?subject=a&amp;b\">Support</a>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Before_there_is_data_the_page_says_so_and_offers_nothing_that_does_not_work()
    {
        await using var status = await StartAsync();

        var page = await status.Http.GetStringAsync("/", TestContext.Current.CancellationToken);
        var subscribe = await status.Http.GetStringAsync("/subscribe", TestContext.Current.CancellationToken);

        Assert.Equal(3, page.Split("Collecting data.").Length - 1);
        Assert.DoesNotContain("<svg class=\"spark\"", page, StringComparison.Ordinal);
        // Without a mail server there is no form, and no empty card in its place.
        Assert.DoesNotContain("E-mail", subscribe, StringComparison.Ordinal);
        Assert.Contains("Add webhook", subscribe, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_component_has_a_calendar_of_its_last_90_days()
    {
        await using var status = await StartAsync();
        var now = TimeProvider.System.GetUtcNow();
        await status.ActAsync("/admin/api/incidents", new
        {
            title = "Runs fail",
            body = "b",
            components = new Dictionary<string, string> { ["api"] = "partial_outage" },
        });

        var page = await status.Http.GetStringAsync("/components/api", TestContext.Current.CancellationToken);
        using var unknown = await status.Http.GetAsync("/components/nothing", TestContext.Current.CancellationToken);

        Assert.Equal(90, page.Split("<span class=\"date s-").Length - 1);
        Assert.Contains($"{now:yyyy-MM-dd}: Partial outage", page, StringComparison.Ordinal);
        Assert.Contains($"<span>{now.ToString("MMMM yyyy", System.Globalization.CultureInfo.InvariantCulture)}</span>", page, StringComparison.Ordinal);
        Assert.Contains("Runs fail", page, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task The_page_of_an_incident_has_its_title_duration_and_impact()
    {
        await using var status = await StartAsync();
        var id = (await status.ActAsync("/admin/api/incidents", new { title = "Runs <fail>", body = "b", impact = "major", started_at = TimeProvider.System.GetUtcNow().AddHours(-2) }))["id"]!.GetValue<string>();
        await status.ActAsync($"/admin/api/incidents/{id}/updates", new { body = "b", status = "resolved" });

        var page = await status.Http.GetStringAsync($"/incidents/{id}", TestContext.Current.CancellationToken);

        Assert.Contains("<h1>Runs &lt;fail&gt;</h1>", page, StringComparison.Ordinal);
        Assert.Matches("UTC</time>, 2 h( \\d+ s)?<span class=\"impact\">Major impact</span>", page);
    }

    [Fact]
    public async Task The_page_says_when_it_was_checked_last()
    {
        await using var status = await StartAsync();

        await Until.TrueAsync(async () => (await status.Http.GetStringAsync("/")).Contains("Checked <span data-ago><time datetime=", StringComparison.Ordinal), 30, "a check is shown");
    }

    private static async Task<StatusService> StartAsync()
    {
        var status = new StatusService(Settings.Quiet());
        await status.StartAsync();
        await Until.TrueAsync(() => Task.FromResult(status.Rows("SELECT 1 FROM component").Count == 4), 10, "the components are there");
        return status;
    }

    private static string Between(string text, string start, string end) => text.Split(start)[1].Split(end)[0];
}
