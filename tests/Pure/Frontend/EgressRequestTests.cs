using System.Text;
using Podflare.Containers;
using Podflare.Problems;
using Podflare.Sandboxes;

namespace Podflare.Frontend;

/// <summary>The field <c>egress</c> of a create that names hosts.</summary>
public sealed class EgressRequestTests
{
    private static readonly TemplateOptions Templates = new() { ["closed"] = new Template { Image = "i", Egress = false } };

    [Theory]
    [InlineData("""["api.example.com","*.packages.example.com"]""", "api.example.com *.packages.example.com")]
    [InlineData("""["API.Example.com.","api.example.com"]""", "api.example.com")]
    [InlineData("""["*.BÜCHER.example"]""", "*.xn--bcher-kva.example")]
    public void Hosts_are_normalized(string allow, string hosts)
    {
        var (spec, warnings) = Create($$$"""{"egress":{"allow":{{{allow}}},"unknown":{"a":[1]}},"template":"default"}""", new() { OfferNamedEgress = true });
        Assert.Equal(hosts, string.Join(' ', spec.EgressHosts));
        // A worker that does not know the list then grants nothing.
        Assert.False(spec.Egress);
        Assert.Empty(warnings);
        Assert.Equal("default", spec.Template);
    }

    [Theory]
    [InlineData("""{"egress":{}}""", "egress.allow")]
    [InlineData("""{"egress":{"allow":null}}""", "egress.allow")]
    [InlineData("""{"egress":{"allow":[]}}""", "egress.allow")]
    [InlineData("""{"egress":{"allow":"a.example"}}""", "egress.allow")]
    [InlineData("""{"egress":{"allow":["a.example",1]}}""", "egress.allow[1]")]
    [InlineData("""{"egress":{"allow":["a.example","*.*.example"]}}""", "egress.allow[1]")]
    [InlineData("""{"egress":{"allow":["a.*.example"]}}""", "egress.allow[0]")]
    [InlineData("""{"egress":{"allow":["*"]}}""", "egress.allow[0]")]
    [InlineData("""{"egress":{"allow":["*a.example"]}}""", "egress.allow[0]")]
    [InlineData("""{"egress":{"allow":["https://a.example/"]}}""", "egress.allow[0]")]
    [InlineData("""{"egress":{"allow":["a.example:443"]}}""", "egress.allow[0]")]
    [InlineData("""{"egress":{"allow":["localhost"]}}""", "egress.allow[0]")]
    [InlineData("""{"egress":{"allow":["192.0.2.1"]}}""", "egress.allow[0]")]
    [InlineData("""{"egress":{"allow":["*.0.2.1"]}}""", "egress.allow[0]")]
    [InlineData("""{"egress":{"allow":["0x7f.1"]}}""", "egress.allow[0]")]
    [InlineData("""{"egress":{"allow":["2001:db8::1"]}}""", "egress.allow[0]")]
    [InlineData("""{"egress":{"allow":["[2001:db8::1]"]}}""", "egress.allow[0]")]
    [InlineData("""{"egress":{"allow":["a_b.example"]}}""", "egress.allow[0]")]
    [InlineData("""{"egress":{"allow":[""]}}""", "egress.allow[0]")]
    [InlineData("""{"egress":[]}""", "egress")]
    public void What_is_not_a_host_is_refused_and_named(string body, string field)
    {
        var error = Assert.Throws<ProblemException>(() => Create(body, new() { OfferNamedEgress = true }));
        Assert.Equal(400, error.Problem.Status);
        Assert.Contains(field, error.Problem.Errors!.All.Select(wrong => wrong.Key));
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void There_are_at_most_64_hosts(int count, bool fits)
    {
        var body = $$$"""{"egress":{"allow":[{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"h{i}.example\""))}}}]}}""";
        if (fits) Assert.Equal(count, Create(body, new() { OfferNamedEgress = true }).Spec.EgressHosts.Length);
        else Assert.Throws<ProblemException>(() => Create(body, new() { OfferNamedEgress = true }));
    }

    [Theory]
    [InlineData(false, false, "default", "egress is not offered by this server; the sandbox has no network access")]
    [InlineData(false, true, "default", null)]
    [InlineData(true, false, "default", null)]
    [InlineData(true, true, "closed", "egress is not offered for template closed; the sandbox has no network access")]
    public void Named_hosts_are_given_where_the_server_offers_them(bool all, bool named, string template, string? warning)
    {
        var (spec, warnings) = Create($$$"""{"egress":{"allow":["a.example"]},"template":"{{{template}}}"}""", new() { OfferEgress = all, OfferNamedEgress = named });
        Assert.Equal(warning, warnings.SingleOrDefault());
        Assert.Equal(warning is null ? ["a.example"] : [], spec.EgressHosts);
    }

    [Fact]
    public void An_offer_of_named_hosts_is_no_offer_of_the_internet()
    {
        var (spec, warnings) = Create("""{"egress":true}""", new() { OfferNamedEgress = true });
        Assert.False(spec.Egress);
        Assert.Single(warnings);
    }

    [Fact]
    public void Hosts_are_part_of_what_a_repeated_create_is_compared_by_and_a_create_without_them_has_the_hash_it_had()
    {
        var none = Create("{}", new()).Spec;
        Assert.Equal("3a93cf3d76bb5c95", none.PayloadHash()[..16]);
        var one = none with { EgressHosts = ["a.example"] };
        Assert.NotEqual(none.PayloadHash(), one.PayloadHash());
        Assert.NotEqual(one.PayloadHash(), (none with { EgressHosts = ["b.example"] }).PayloadHash());
    }

    [Theory]
    [InlineData("true", "a.example *.b.example", "egress was reduced to the hosts that are allowed for this tenant")]
    [InlineData("false", "", null)]
    [InlineData("{\"allow\":[\"a.example\",\"x.b.example\"]}", "a.example x.b.example", null)]
    [InlineData("{\"allow\":[\"a.example\",\"c.example\"]}", "a.example", "egress to c.example is not allowed for this tenant")]
    [InlineData("{\"allow\":[\"c.example\"]}", "", "egress is not allowed for this tenant; the sandbox has no network access")]
    public void A_tenant_s_own_list_bounds_what_is_given(string egress, string hosts, string? warning)
    {
        var request = Create($"{{\"egress\":{egress}}}", new() { OfferEgress = true }).Within(["A.example", "*.b.example"]);
        Assert.False(request.Spec.Egress);
        Assert.Equal((hosts, warning), (string.Join(' ', request.Spec.EgressHosts), request.Warnings.SingleOrDefault()));
        var unbounded = Create($"{{\"egress\":{egress}}}", new() { OfferEgress = true });
        Assert.Same(unbounded, unbounded.Within(null));
    }

    [Fact]
    public void A_list_is_limited_by_another()
    {
        var (granted, refused) = EgressHosts.Limit(["a.example", "x.b.example", "*.b.example", "*.c.b.example", "b.example", "*.example", "d.example"], ["a.example", "*.b.example"]);
        Assert.Equal(["a.example", "x.b.example", "*.b.example", "*.c.b.example"], granted);
        Assert.Equal(["b.example", "*.example", "d.example"], refused);
    }

    [Fact]
    public void What_the_service_accepts_the_proxy_reads_as_the_same_name()
    {
        foreach (var text in new[] { "a.example", "A.EXAMPLE", "bücher.example", "xn--bcher-kva.example", "a-1.b2.example." })
        {
            Assert.Null(EgressHosts.Normalize(text, out var host));
            Assert.Equal(host, EgressProxy.Names.HostName.Normalize(host));
        }
    }

    private static CreateRequest Create(string body, CreateOptions options) => CreateRequest.Parse(Encoding.UTF8.GetBytes(body), options, Templates);
}
