using Podflare.Otlp;

namespace Podflare.Relay;

/// <summary>Gathers spans of one run out of a batch, with the resources and scopes around them.</summary>
internal sealed class RunSpanGroups
{
    private readonly OtlpMessage _data = new(OtlpSchema.Traces);
    private OtlpMessage? _fromResource;
    private OtlpMessage? _fromScope;
    private OtlpMessage? _resource;
    private OtlpMessage? _scope;

    public int Spans { get; private set; }

    /// <param name="resource">The <c>ResourceSpans</c> that it is in.</param>
    /// <param name="scope">The <c>ScopeSpans</c> that it is in.</param>
    public void Add(OtlpMessage resource, OtlpMessage scope, OtlpMessage span)
    {
        if (_fromResource != resource)
        {
            (_fromResource, _fromScope) = (resource, null);
            _resource = Copy(resource, _data.Add("resourceSpans"), "scopeSpans");
        }

        if (_fromScope != scope)
        {
            _fromScope = scope;
            _scope = Copy(scope, _resource!.Add("scopeSpans"), "spans");
        }

        _scope!.Add("spans", span);
        Spans++;
    }

    public byte[] Encode() => OtlpProtobufWriter.Write(_data);

    private static OtlpMessage Copy(OtlpMessage from, OtlpMessage to, string except)
    {
        foreach (ref readonly var value in from.Values)
            if (value.Field is { } field && field.Name != except) to.Set(value);
        return to;
    }
}
